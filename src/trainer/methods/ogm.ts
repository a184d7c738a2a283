import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import type { Method } from './method.ts';
import { prefixed, type NamedTensors } from '../model/module.ts';
import { jointPlan, jointStage } from './joint.ts';
import { modalityScores } from './modalityScores.ts';
import { createStepMeans } from './stepMeans.ts';

/**
 * Coefficients k [M] of the encoders' gradients from the modalities' scores s [M] (sums of right-class probabilities):
 * 1 - tanh(alpha·rho) where rho = s_m / min s is above 1, else 1. For two modalities that is the published ratio.
 */
export function modulationCoefficients(scores: Tensor1D, alpha: number): Tensor1D {
  const rho = tf.div(scores, tf.min(scores));
  return tf.where(tf.greater(rho, 1), tf.sub(1, tf.tanh(tf.mul(rho, alpha))) as Tensor1D, tf.onesLike(rho) as Tensor1D);
}

/** Unbiased standard deviation of all elements. */
export function deviationOf(tensor: Tensor): Scalar {
  return tf.sqrt(tf.div(tf.sum(tf.square(tf.sub(tensor, tf.mean(tensor)))), Math.max(1, tensor.size - 1)));
}

/** Names of an encoder's tensors that are modulated: its convolution kernels, or without any all its matrices (methods.md 3.3). */
export function modulatable(encoder: NamedTensors): string[] {
  const ofRank = (rank: (value: number) => boolean) => Object.entries(encoder).filter(([, tensor]) => rank(tensor.rank)).map(([name]) => name);
  const kernels = ofRank((rank) => rank === 4);
  return kernels.length > 0 ? kernels : ofRank((rank) => rank >= 2);
}

interface OgmSettings {
  readonly variant: 'ogm-ge' | 'ogm';
  readonly alpha: number;
  readonly windowStart: number;
  readonly windowEnd: number;
}

/**
 * On-the-fly gradient modulation: the gradient of the encoder that predicts better at the moment is damped, and gets
 * Gaussian noise of its own size (OGM-GE). Peng et al. 2022; GeWu-Lab/OGM-GE_CVPR2022:main.py. As in that code the noise has
 * one deviation for each tensor, not the covariance of the publication. More than two modalities: rho against the weakest.
 */
export const ogm: Method = {
  id: 'ogm',
  label: 'OGM',
  source: 'Peng et al. 2022, GeWu-Lab/OGM-GE_CVPR2022:main.py; methods.md 4.7',
  stageKinds: ['joint'],
  modalities: { min: 2, reason: 'it compares modalities with each other.' },
  hparams: {
    variant: { type: 'choice', values: ['ogm-ge', 'ogm'], default: 'ogm-ge', help: 'With added Gaussian noise (generalisation enhancement), or without.', source: 'OGM-GE_CVPR2022:main.py --modulation' },
    alpha: { type: 'number', min: 0, default: 0.3, help: 'Strength of the damping; the authors take 0.8 for CREMA-D and Kinetics-Sounds.', source: 'BalanceBenchmark trainer_config.yaml; methods.md 4.7' },
    windowStart: { type: 'number', min: 0, max: 1, default: 0, help: 'Share of the run before the first epoch whose gradients are modulated.', source: 'OGM-GE_CVPR2022:main.py; 6 of 100 epochs in BML_TPAMI2024:code/scripts/train_ogm.sh' },
    windowEnd: { type: 'number', min: 0, max: 1, default: 0.5, help: 'Share of the run before the last epoch whose gradients are modulated.', source: 'OGM-GE_CVPR2022:main.py, epochs 0 to 50 of 100' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { variant, alpha, windowStart, windowEnd } = context.hparams as unknown as OgmSettings;
    const joint = jointStage(model, context);
    const { modalities } = model;
    const touched = modalities.map((modality) => modulatable(prefixed(modality, model.encoderParameters(modality))));
    const means = createStepMeans(modalities.map((modality) => `coefficient.${modality}`));
    yield {
      ...joint,
      signals: (outputs, batch) => ({ scores: modalityScores(model, outputs, batch.oneHot) }),
      modulate: (gradients, { scores }, at) => {
        const active = at.epoch >= windowStart * at.epochs && at.epoch <= windowEnd * at.epochs;
        const coefficients = active ? modulationCoefficients(scores as Tensor1D, alpha) : tf.ones([modalities.length]) as Tensor1D;
        const each = tf.unstack(coefficients);
        means.add(Object.fromEntries(modalities.map((modality, index) => [`coefficient.${modality}`, each[index]!])), at.step);
        if (!active) return gradients;
        const changed = touched.flatMap((names, index) => names.filter((name) => name in gradients).map((name) => {
          const gradient = gradients[name]!;
          const damped = tf.mul(gradient, each[index]!);
          if (variant === 'ogm') return [name, damped];
          const random = context.random(`noise:${name}`, at);
          const noise = tf.tensor(Float32Array.from({ length: gradient.size }, () => random.normal()), gradient.shape);
          return [name, tf.add(damped, tf.mul(noise, tf.add(deviationOf(gradient), 1e-8)))];
        }));
        return { ...gradients, ...Object.fromEntries(changed) as NamedTensors };
      },
      readings: () => means.values,
      dispose: () => means.dispose(),
    };
  },
};
