import * as tf from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { rightProbability } from '../model/losses.ts';
import type { MultimodalModel, Outputs } from '../model/model.ts';

/** Sum over the batch of the right-class probability by each modality's share of the fused logits, [M] (methods.md 4.7). */
export function modalityScores(model: MultimodalModel, outputs: Outputs, oneHot: Tensor2D): Tensor1D {
  const shares = model.shares(outputs);
  return tf.stack(model.modalities.map((modality) => tf.sum(rightProbability(shares[modality]!, oneHot)))) as Tensor1D;
}
