import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Input } from './module.ts';

/** Features [B, d_m] and logits [B, C] by modality. */
export interface Outputs {
  readonly features: Readonly<Record<string, Tensor2D>>;
  readonly logits: Readonly<Record<string, Tensor2D>>;
  /** [B, 1] by modality that some samples lack, 0 for these: their features and logits are zero, and no gradient passes them. */
  readonly present?: Readonly<Record<string, Tensor2D>>;
}

/** The outputs with zeros for modalities that a sample lacks: they add nothing to a sum of logits, and no gradient passes them. */
export function withoutAbsent({ features, logits }: Outputs, inputs: Readonly<Record<string, Input>>): Outputs {
  const present: Record<string, Tensor2D> = {};
  for (const modality of Object.keys(features)) {
    const given = inputs[modality]?.present;
    if (given) present[modality] = given;
  }
  if (Object.keys(present).length === 0) return { features, logits };
  const mask = (record: Outputs['features']) =>
    Object.fromEntries(Object.entries(record).map(([modality, values]) => [modality, present[modality] ? tf.mul(values, present[modality]) as Tensor2D : values]));
  return { features: mask(features), logits: mask(logits), present };
}

/** How many of these modalities each sample has, [B, 1], or their number where no sample lacks one. */
export function countPresent({ present = {} }: Outputs, modalities: readonly string[]): Tensor | number {
  const varying = modalities.map((modality) => present[modality]).filter((each) => each !== undefined);
  if (varying.length === 0) return modalities.length;
  return tf.maximum(tf.add(tf.addN(varying), modalities.length - varying.length), 1);
}

/** Outputs of some modalities together with those of others. */
export function mergeOutputs(some: Outputs, others: Outputs): Outputs {
  const present = { ...some.present, ...others.present };
  return {
    features: { ...some.features, ...others.features }, logits: { ...some.logits, ...others.logits }, ...(Object.keys(present).length > 0 ? { present } : {}),
  };
}
