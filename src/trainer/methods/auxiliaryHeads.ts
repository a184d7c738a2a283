import type { Scalar } from '@tensorflow/tfjs-core';
import { createRandom, seedFor } from '../../core/random.ts';
import { createLinear } from '../model/layers.ts';
import { crossEntropy } from '../model/losses.ts';
import type { MethodContext } from './method.ts';
import type { Batch } from '../loop/batch.ts';
import type { MultimodalModel, Outputs } from '../model/model.ts';

/** Linear heads beside the fusion that only unimodal losses use, one for each modality (methods.md 3.2). */
export interface AuxiliaryHeads {
  /** Cross entropy of each modality's auxiliary logits. */
  losses(outputs: Outputs, batch: Batch): Record<string, Scalar>;
  /** Logits [B, C] of one modality. */
  logits(outputs: Outputs, modality: string): ReturnType<ReturnType<typeof createLinear>['apply']>;
  /** Name of a modality's head among the model's parameters. */
  nameOf(modality: string): string;
}

/** Attaches the heads to the model; their variables are `auxiliary.<modality>.weight` and `.bias`. */
export function attachAuxiliaryHeads(model: MultimodalModel, context: MethodContext): AuxiliaryHeads {
  const nameOf = (modality: string): string => `auxiliary.${modality}`;
  const heads = Object.fromEntries(model.modalities.map((modality) => {
    const random = createRandom(seedFor(`init:auxiliary:${modality}`, context.seed));
    return [modality, model.attach(nameOf(modality), createLinear(model.featureSize(modality), model.options.classes, random))];
  }));
  const logits: AuxiliaryHeads['logits'] = (outputs, modality) => heads[modality]!.apply(outputs.features[modality]!);
  return {
    nameOf,
    logits,
    losses: (outputs, batch) => Object.fromEntries(model.modalities.map((modality) => [modality, crossEntropy(logits(outputs, modality), batch.oneHot)])),
  };
}
