import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { EpochTools, Method } from './method.ts';
import { crossEntropy, detached, rightProbability } from '../model/losses.ts';
import type { LossTerms } from '../loop/batch.ts';
import { prefixed } from '../model/module.ts';
import { jointPlan, jointStage } from './joint.ts';
import { createStepMeans } from './stepMeans.ts';

/** Share of the training batches that prototypes are made from. */
const PROTOTYPE_SHARE = 0.1;

/** Euclidean distances [B, C] of features [B, d] to prototypes [C, d], which are constants. */
export function prototypeDistances(features: Tensor2D, prototypes: Tensor2D): Tensor2D {
  const difference = tf.sub(tf.expandDims(features, 1), tf.expandDims(prototypes, 0));
  return tf.sqrt(tf.add(tf.sum(tf.square(difference), -1), 1e-12));
}

/** How strongly each modality is pushed towards its prototypes, [M], from the scores [M]: 1 or by how far it lags behind the best. */
export function pushWeights(scores: Tensor1D, rule: 'step' | 'clip'): Tensor1D {
  const best = tf.max(scores);
  return rule === 'step' ? tf.cast(tf.less(scores, best), 'float32') : tf.clipByValue(tf.sub(tf.div(best, scores), 1), 0, 1);
}

/** Mean entropy of softmax(-distances), nats. */
export function meanEntropy(distances: Tensor2D): Scalar {
  const logits = tf.logSoftmax(tf.neg(distances));
  return tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logits), logits), -1)));
}

interface PmrSettings {
  readonly alpha: number;
  readonly momentum: number;
  readonly rule: 'step' | 'clip';
  readonly windowEnd: number;
  readonly entropyWeight: number;
  readonly entropyEnd: number;
}

/**
 * Measures every modality by class prototypes of its features and pushes the slower ones towards theirs. Fan et al. 2023 (PMR);
 * fanyunfeng-bit/Modal-Imbalance-PMR:main_Prototype_grad.py, whose step rule without entropy term is the default; clip rule
 * and entropy term are the publication's. Prototypes come from training data, not from the test split as in that code.
 */
export const pmr: Method = {
  id: 'pmr',
  label: 'PMR',
  source: 'Fan et al. 2023, fanyunfeng-bit/Modal-Imbalance-PMR:main_Prototype_grad.py; methods.md 4.9',
  stageKinds: ['joint'],
  modalities: { min: 2, reason: 'it compares modalities with each other.' },
  hparams: {
    alpha: { type: 'number', min: 0, default: 1, help: 'Weight of the prototype cross entropy; the authors take 2 for CREMA-D with concat.', source: 'Modal-Imbalance-PMR:bash.sh' },
    momentum: { type: 'number', min: 0, max: 1, default: 0.2, help: 'Share of the old prototypes in the new ones.', source: 'main_Prototype_grad.py, eps' },
    rule: { type: 'choice', values: ['step', 'clip'], default: 'step', help: 'Slower modalities get the full push, or one that grows with their lag.', source: 'main_Prototype_grad.py (step); publication (clip)' },
    windowEnd: { type: 'number', min: 0, max: 1, default: 0.7, help: 'Share of the epochs in which the prototypes are used.', source: 'Modal-Imbalance-PMR:bash.sh, epoch 70 of about 100' },
    entropyWeight: { type: 'number', min: 0, default: 0, help: 'Weight of the entropy term of faster modalities; 0 is off, as in the released code.', source: 'publication; methods.md 4.9' },
    entropyEnd: { type: 'number', min: 0, max: 1, default: 0.1, help: 'Share of the epochs in which the entropy term is used.', source: 'methods.md 4.9' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const settings = context.hparams as unknown as PmrSettings;
    const joint = jointStage(model, context);
    const { modalities } = model;
    const prototypes = Object.fromEntries(modalities.map((modality) =>
      [modality, tf.tidy(() => tf.variable(tf.zeros([model.options.classes, model.featureSize(modality)]), false))]));
    const means = createStepMeans(modalities.map((modality) => `push.${modality}`));
    const active = (epoch: number): boolean => epoch <= settings.windowEnd * joint.epochs;
    const record = (push: readonly Tensor[], step: number): void =>
      means.add(Object.fromEntries(modalities.map((modality, index) => [`push.${modality}`, push[index]!])), step);
    yield {
      ...joint,
      startEpoch: async (epoch, tools) => {
        if (!active(epoch)) return;
        const fresh = await classMeans(modalities, epoch, tools);
        tf.tidy(() => {
          for (const [modality, variable] of Object.entries(prototypes)) {
            const now = tf.tensor2d(fresh[modality]!, variable.shape as [number, number]);
            variable.assign(epoch < 2 ? now : tf.add(tf.mul(now, 1 - settings.momentum), tf.mul(variable, settings.momentum)));
          }
        });
      },
      loss: (outputs, batch, at): LossTerms => {
        const classification = crossEntropy(model.fuse(outputs), batch.oneHot);
        if (!active(at.epoch)) {
          record(modalities.map(() => tf.scalar(0)), at.step);
          return { total: classification, classification };
        }
        const distances = modalities.map((modality) => prototypeDistances(outputs.features[modality]!, prototypes[modality] as Variable as Tensor2D));
        const scores = tf.stack(distances.map((each) => tf.sum(rightProbability(tf.neg(each), batch.oneHot))));
        const push = tf.unstack(detached((each) => pushWeights(each as Tensor1D, settings.rule), scores));
        record(push, at.step);
        const prototype = tf.addN(distances.map((each, index) => tf.mul(crossEntropy(tf.neg(each), batch.oneHot), push[index]!))) as Scalar;
        const total = tf.add(classification, tf.mul(prototype, settings.alpha)) as Scalar;
        if (settings.entropyWeight === 0 || at.epoch >= settings.entropyEnd * at.epochs) return { total, classification, prototype };
        const lag = detached((each) => pushWeights(each as Tensor1D, 'clip'), scores);
        const others = tf.unstack(tf.div(tf.sub(tf.sum(lag), lag), modalities.length - 1));
        const entropy = tf.addN(distances.map((each, index) => tf.mul(meanEntropy(each), others[index]!))) as Scalar;
        return { total: tf.sub(total, tf.mul(entropy, settings.entropyWeight)), classification, prototype, entropy };
      },
      state: prefixed('prototypes', prototypes),
      readings: () => means.values,
      dispose: () => {
        tf.dispose(prototypes);
        means.dispose();
      },
    };
  },
};

/** Mean feature of every class over the first tenth of the epoch's batches, and over more until every class was met; [C · d]. */
async function classMeans(modalities: readonly string[], epoch: number, tools: EpochTools): Promise<Record<string, Float32Array>> {
  const labels = tools.labels('train');
  const batches = tools.batches(epoch);
  const counts = new Array<number>(tools.classes).fill(0);
  const rows: number[] = [];
  for (const [index, batch] of batches.entries()) {
    if (index >= Math.max(1, Math.floor(batches.length * PROTOTYPE_SHARE)) && counts.every((count) => count > 0)) break;
    for (const row of batch) {
      rows.push(row);
      counts[labels[row]!]!++;
    }
  }
  const features = await tools.read('train', modalities, (outputs) => ({ ...outputs.features }), Int32Array.from(rows));
  return Object.fromEntries(Object.entries(features).map(([modality, { values, width }]) => {
    const sums = new Float64Array(tools.classes * width);
    rows.forEach((row, index) => {
      for (let column = 0; column < width; column++) sums[labels[row]! * width + column]! += values[index * width + column]!;
    });
    return [modality, Float32Array.from(sums, (sum, index) => sum / Math.max(1, counts[Math.floor(index / width)]!))];
  }));
}
