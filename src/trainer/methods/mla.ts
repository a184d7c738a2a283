import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { createRandom, seedFor } from '../../core/random.ts';
import { createLinear } from '../model/layers.ts';
import { crossEntropy } from '../model/losses.ts';
import type { Method } from './method.ts';
import type { LossTerms } from '../loop/batch.ts';
import { jointPlan, jointStage } from './joint.ts';
import { commonFeatureSize } from './sharedHead.ts';

/** P - k kᵀ / (a + rᵀ k) with k = P r: takes the direction of the mean feature r [d] out of the projection P [d, d]. */
export function projectOut(projection: Tensor2D, mean: Tensor1D, step: number): Tensor2D {
  const k = tf.matMul(projection, tf.expandDims(mean, 1) as Tensor2D);
  const inner = tf.sum(tf.mul(tf.squeeze(k, [1]), mean));
  return tf.sub(projection, tf.div(tf.matMul(k, k, false, true), tf.add(inner, step)));
}

/** Size a in the projection's update for batch b of n: from 0.1 at the beginning of an epoch to 0.01 at its end. */
export function projectionStep(batch: number, batches: number): number {
  return 0.1 ** (batch / batches + 1);
}

/** Sum of the logits [B, C] of all modalities, weighted per sample by exp(-entropy) over the sum of these. */
export function confidenceFusion(logits: readonly Tensor2D[]): Tensor2D {
  const confidence = logits.map((each) => {
    const logP = tf.logSoftmax(each);
    return tf.sum(tf.mul(tf.exp(logP), logP), -1);
  });
  const weights = tf.unstack(tf.softmax(tf.stack(confidence, 1)), 1);
  return tf.addN(logits.map((each, index) => tf.mul(each, tf.expandDims(weights[index]!, 1)))) as Tensor2D;
}

interface MlaSettings {
  readonly projection: 'owm' | 'owm_frobenius' | 'none';
  readonly projectionSource: 'previous' | 'current';
  readonly fusion: 'confidence' | 'fixed';
}

/**
 * Modalities take turns on every batch and share one linear head, whose gradient is projected away from what the previous modality
 * taught it; predictions are fused by confidence. Zhang et al. 2024 (MLA); Cecile-hi/Multimodal-Learning-with-Alternating-Unimodal-
 * Adaptation:main.py and utils/utils.py. The released code never projects (a wrong name), divides by a matrix and takes entropies over the
 * batch; here the publication's aim is followed, and `projection: none` is what that code runs.
 */
export const mla: Method = {
  id: 'mla',
  label: 'MLA',
  source: 'Zhang et al. 2024, Cecile-hi/Multimodal-Learning-with-Alternating-Unimodal-Adaptation:main.py; methods.md 4.12',
  stageKinds: ['joint'],
  equalFeatures: true,
  ownFusion: 'confidence-weighted logits of one shared head',
  hparams: {
    projection: { type: 'choice', values: ['owm', 'owm_frobenius', 'none'], default: 'owm', help: 'Projection of the head\'s gradient: orthogonal to earlier features, with a normalised projector, or none.', source: 'utils/utils.py; methods.md 4.12' },
    projectionSource: { type: 'choice', values: ['previous', 'current'], default: 'previous', help: 'Whose mean feature is protected: that of the modality before, or of the one at its turn.', source: 'methods.md 4.12' },
    fusion: { type: 'choice', values: ['confidence', 'fixed'], default: 'confidence', help: 'Weights of the modalities at inference: by entropy per sample, or all alike.', source: 'main.py --dynamic' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { projection, projectionSource, fusion } = context.hparams as unknown as MlaSettings;
    const { modalities } = model;
    const size = commonFeatureSize(model, 'MLA');
    model.shareHead(createLinear(size, model.options.classes, createRandom(seedFor('init:head', context.seed))));
    const joint = jointStage(model, context);
    const projector = tf.tidy(() => tf.variable(tf.eye(size), false));
    const mean = tf.tidy(() => tf.variable(tf.zeros([size]) as Tensor1D, false));
    yield {
      ...joint,
      turns: modalities.map((modality) => [modality]),
      loss: (outputs, batch, at): LossTerms => {
        const modality = modalities[at.turn]!;
        const total = crossEntropy(outputs.logits[modality]!, batch.oneHot);
        return { total, [`classification.${modality}`]: total };
      },
      signals: (outputs, _batch, at): Record<string, Tensor> => ({ mean: tf.mean(outputs.features[modalities[at.turn]!]!, 0) }),
      modulate: (gradients, signals, at) => {
        const first = at.epoch === 0 && at.step === 0 && at.turn === 0;
        if (projection === 'none' || first) {
          mean.assign(signals['mean'] as Tensor1D);
          return gradients;
        }
        const protectedMean = (projectionSource === 'previous' ? mean : signals['mean']!) as Tensor1D;
        const next = projectOut(projector as Tensor as Tensor2D, protectedMean, projectionStep(at.step, at.steps));
        projector.assign(projection === 'owm' ? next : tf.div(next, tf.norm(next)));
        mean.assign(signals['mean'] as Tensor1D);
        // The head's weight is stored as [d, C], and the projector is symmetric.
        return { ...gradients, 'head.weight': tf.matMul(projector as Tensor as Tensor2D, gradients['head.weight'] as Tensor2D) };
      },
      unimodal: (outputs) => outputs.logits,
      fused: (outputs) => {
        const logits = modalities.map((modality) => outputs.logits[modality]!);
        return fusion === 'confidence' ? confidenceFusion(logits) : tf.div(tf.addN(logits), logits.length) as Tensor2D;
      },
      state: { projector, mean },
      dispose: () => tf.dispose([projector, mean]),
    };
  },
};
