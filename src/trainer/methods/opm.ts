import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import { detached } from '../model/losses.ts';
import type { Method } from './method.ts';
import type { LossTerms } from '../loop/batch.ts';
import type { Outputs } from '../model/model.ts';
import { jointPlan, jointStage } from './joint.ts';
import { modalityScores } from './modalityScores.ts';
import { createStepMeans } from './stepMeans.ts';

/**
 * Drop rates q [M] from the scores s [M]: base · (1 + lambda · tanh(rho - 1)), at most 1, where rho = s_m / mean of the others
 * is above 1, else 0. For two modalities that is the published ratio.
 */
export function dropRates(scores: Tensor1D, base: number, lambda: number): Tensor1D {
  const rho = tf.div(tf.mul(scores, scores.size - 1), tf.sub(tf.sum(scores), scores));
  const rates = tf.clipByValue(tf.mul(tf.add(1, tf.mul(tf.tanh(tf.sub(rho, 1)), lambda)), base), 0, 1) as Tensor1D;
  return tf.where(tf.greater(rho, 1), rates, tf.zerosLike(rates));
}

/** 1 / (1 - theta), theta being the mean drop rate weighted by the number of features of each modality. */
export function rescaling(rates: Tensor1D, sizes: readonly number[]): Scalar {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return tf.div(1, tf.sub(1, tf.div(tf.sum(tf.mul(rates, tf.tensor1d([...sizes]))), total)));
}

interface OpmSettings {
  readonly probability: number;
  readonly base: number;
  readonly lambda: number;
  readonly warmUp: number;
}

/**
 * Drops features of the modality that dominates at the moment at random in the forward pass. Wei et al. 2025 (OPM);
 * GeWu-Lab/BML_TPAMI2024:code/models/Classifier.py and code/scripts/train_opm.sh (the released file has a syntax error;
 * its formula is followed). More than two modalities: rho against the mean of the others; samples that lost all drop out.
 */
export const opm: Method = {
  id: 'opm',
  label: 'OPM',
  source: 'Wei et al. 2025, GeWu-Lab/BML_TPAMI2024:code/models/Classifier.py; methods.md 4.13',
  stageKinds: ['joint'],
  modalities: { min: 2, reason: 'it compares modalities with each other.' },
  hparams: {
    probability: { type: 'number', min: 0, max: 1, default: 0.7, help: 'Probability that features of a batch are dropped at all.', source: 'train_opm.sh, p_exe' },
    base: { type: 'number', min: 0, max: 1, default: 0.5, help: 'Drop rate of a modality that is just ahead.', source: 'train_opm.sh, q_base' },
    lambda: { type: 'number', min: 0, default: 0.5, help: 'How much the drop rate grows with the lead.', source: 'train_opm.sh' },
    warmUp: { type: 'number', min: 0, max: 1, default: 0.06, help: 'Share of the epochs before anything is dropped; at least one epoch.', source: 'train_opm.sh, 6 of 100 epochs' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { probability, base, lambda, warmUp } = context.hparams as unknown as OpmSettings;
    const joint = jointStage(model, context);
    const { modalities } = model;
    const sizes = modalities.map((modality) => model.featureSize(modality));
    const means = createStepMeans(modalities.map((modality) => `dropRate.${modality}`));
    const rates = (outputs: Outputs, oneHot: Tensor2D): Tensor1D =>
      detached((each) => dropRates(each as Tensor1D, base, lambda), modalityScores(model, outputs, oneHot));
    yield {
      ...joint,
      loss: (outputs, batch, at): LossTerms => {
        if (at.epoch < Math.max(1, Math.round(warmUp * at.epochs))) return joint.loss(outputs, batch, at);
        const random = context.random('drop', at);
        const drop = rates(outputs, batch.oneHot);
        means.add(Object.fromEntries(tf.unstack(drop).map((rate, index) => [`dropRate.${modalities[index]!}`, rate])), at.step);
        if (random.uniform() >= probability) return joint.loss(outputs, batch, at);
        const keep = keptFeatures(drop, batch.size, random);
        const factor = rescaling(drop, sizes);
        const features = Object.fromEntries(modalities.map((modality, index) =>
          [modality, tf.mul(outputs.features[modality]!, tf.mul(tf.slice(keep, [0, index], [-1, 1]), factor)) as Tensor2D]));
        // A sample that lost every modality has nothing to learn from.
        const counted = detached((kept) => tf.cast(tf.greater(tf.sum(kept, 1), 0), 'float32'), keep);
        const perSample = tf.neg(tf.sum(tf.mul(batch.oneHot, tf.logSoftmax(model.fuse(model.classify(features)))), -1));
        return { total: tf.div(tf.sum(tf.mul(perSample, counted)), tf.maximum(1, tf.sum(counted))) };
      },
      readings: () => means.values,
      dispose: () => means.dispose(),
    };
  },
};

/** 1 where the features of a sample and modality are kept, 0 where they are dropped, [B, M]. */
function keptFeatures(rates: Tensor1D, samples: number, random: Random): Tensor2D {
  const draws = Float32Array.from({ length: samples * rates.size }, () => random.uniform());
  return detached((each) => tf.cast(tf.greaterEqual(tf.tensor2d(draws, [samples, rates.size]), each), 'float32') as Tensor2D, rates);
}
