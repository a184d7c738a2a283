import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { crossEntropy, detached } from '../model/losses.ts';
import type { Method } from './method.ts';
import type { LossTerms } from '../loop/batch.ts';
import type { MultimodalModel, Outputs } from '../model/model.ts';
import type { NamedTensors } from '../model/module.ts';
import { jointPlan, jointStage } from './joint.ts';
import { shapleyTerms } from './shapley.ts';
import { createStepMeans } from './stepMeans.ts';

/**
 * Shapley parts of the fused logits, [B, C] for each of `count` modalities, in order: `value(S)` gives the logits from the
 * modalities in the bit mask S (not 0). The parts add up to the logits from all of them.
 */
export function shapleyParts(value: (subset: number) => Tensor2D, count: number): Tensor2D[] {
  return shapleyTerms(count).map((terms) => tf.addN(terms.map(({ before, after, weight }) =>
    tf.mul(before === 0 ? value(after) : tf.sub(value(after), value(before)), weight))) as Tensor2D);
}

/** exp(mean over the others of s_j - s_m) of scores [M]: above 1 where a modality is stronger than the others. */
export function strengths(scores: Tensor1D): Tensor1D {
  const others = tf.div(tf.sub(tf.sum(scores), scores), scores.size - 1);
  return tf.exp(tf.sub(others, scores));
}

/** Factors kappa [M] on the signal of each part, from the scores of this batch and their running averages before it. */
export function signalFactors(scores: Tensor1D, averages: Tensor1D, alpha: number, cap: number): Tensor1D {
  return tf.exp(tf.mul(tf.minimum(tf.sub(strengths(averages), strengths(scores)), cap), alpha));
}

/** Mean cross entropy of a part's logits, each sample at most -log 1e-8, nats: low where the modality is strong. */
function scoreOf(logits: Tensor, oneHot: Tensor): Scalar {
  const perSample = tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), -1));
  return tf.mean(tf.minimum(perSample, -Math.log(1e-8)));
}

/**
 * What is differentiated in place of the cross entropy of the parts' sum: its gradient with respect to every part is that of the
 * cross entropy times the part's factor.
 */
function modulatedLoss(fused: Tensor2D, parts: readonly Tensor2D[], factors: readonly Tensor[], oneHot: Tensor2D): Scalar {
  const signal = detached((logits) => tf.div(tf.sub(tf.softmax(logits as Tensor2D), oneHot), oneHot.shape[0]), fused);
  return tf.addN(parts.map((part, index) => tf.mul(tf.sum(tf.mul(signal, part)), factors[index]!))) as Scalar;
}

/** The gradients, with their joint norm cut to `limit` if an element of a head weight's gradient exceeds 1 (PyTorch's clip_grad_norm_). */
export function clipped(gradients: NamedTensors, headWeights: readonly string[], limit: number): NamedTensors {
  const largest = tf.max(tf.stack(headWeights.filter((name) => name in gradients).map((name) => tf.max(tf.abs(gradients[name]!)))));
  const norm = tf.sqrt(tf.addN(Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)))));
  const scale = tf.where(tf.greater(largest, 1), tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6))), 1);
  return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, scale)]));
}

interface AgmSettings {
  readonly alpha: number;
  readonly cap: number;
  readonly clip: number;
  readonly windowEnd: number;
}

/**
 * Splits the fused logits into Shapley parts of the modalities and scales the back-propagated signal of each by how far its
 * strength is from its running average. Li et al. 2023 (AGM); lihong2303/AGM_ICCV2023:run/CREMAD_main.py and model/CREMAD_net.py,
 * model/URFunny_net.py for three modalities. Outside the window the factors are 1; that code keeps its last ones.
 */
export const agm: Method = {
  id: 'agm',
  label: 'AGM',
  source: 'Li et al. 2023, lihong2303/AGM_ICCV2023:run/CREMAD_main.py; methods.md 4.8',
  stageKinds: ['joint'],
  modalities: { min: 2, reason: 'it compares modalities with each other.' },
  hparams: {
    alpha: { type: 'number', min: 0, default: 1, help: 'Strength of the modulation.', source: 'AGM_ICCV2023:utils/config.py' },
    cap: { type: 'number', above: 0, default: 10, help: 'Largest distance from the running average that counts.', source: 'run/CREMAD_main.py' },
    clip: { type: 'number', above: 0, default: 1, help: 'Norm that all gradients together are cut to when a head weight has a gradient above 1.', source: 'run/CREMAD_main.py' },
    windowEnd: { type: 'number', min: 0, max: 1, default: 1, help: 'Share of the epochs in which the signals are modulated.', source: 'methods.md 4.8; the authors modulate 20 epochs' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const settings = context.hparams as unknown as AgmSettings;
    const joint = jointStage(model, context);
    const { modalities } = model;
    const averages = tf.tidy(() => tf.variable(tf.zeros([modalities.length]) as Tensor1D, false));
    const count = tf.tidy(() => tf.variable(tf.scalar(0), false));
    const means = createStepMeans(modalities.map((modality) => `factor.${modality}`));
    const headWeights = Object.keys(joint.variables).filter((name) => name === 'fusion.weight' || name.endsWith('.head.weight'));
    let parts: readonly Tensor2D[] = [];
    let factors: readonly Tensor[] = [];
    yield {
      ...joint,
      beforeLoss: (outputs, batch, at) => {
        parts = shapleyParts(coalitions(model, outputs, model.forward(batch.inputs, { mode: 'evaluate' })), modalities.length);
        const scores = detached((...logits) => tf.stack(logits.map((each) => scoreOf(each, batch.oneHot))), ...parts) as Tensor1D;
        const active = at.epoch < settings.windowEnd * at.epochs;
        const now = detached((each) => (active ? signalFactors(each as Tensor1D, averages, settings.alpha, settings.cap) : tf.onesLike(each)), scores);
        factors = tf.unstack(now);
        count.assign(tf.add(count, 1));
        averages.assign(tf.add(averages, tf.div(tf.sub(scores, averages), count)));
        means.add(Object.fromEntries(modalities.map((modality, index) => [`factor.${modality}`, factors[index]!])), at.step);
      },
      loss: (outputs, batch): LossTerms => {
        const fused = model.fuse(outputs);
        return { total: crossEntropy(fused, batch.oneHot), surrogate: modulatedLoss(fused, parts, factors, batch.oneHot) };
      },
      modulate: (gradients) => clipped(gradients, headWeights, settings.clip),
      // A modality by itself is its part, as the scores see it, here with all passes in evaluation mode.
      unimodal: (outputs) => {
        const shown = shapleyParts(coalitions(model, outputs, outputs), modalities.length);
        return Object.fromEntries(modalities.map((modality, index) => [modality, shown[index]!]));
      },
      state: { averages, count },
      readings: () => means.values,
      dispose: () => {
        tf.dispose([averages, count]);
        means.dispose();
      },
    };
  },
};

/**
 * Fused logits of every subset of the modalities, with zeros as the input of the others: `all` are the outputs that count for all of
 * them together, `alone` those in evaluation mode, which the smaller subsets are made of. Zeros run once, as one sample.
 */
function coalitions(model: MultimodalModel, all: Outputs, alone: Outputs): (subset: number) => Tensor2D {
  const { modalities } = model;
  const samples = alone.logits[modalities[0]!]!.shape[0];
  const absent = model.forward(Object.fromEntries(modalities.map((modality) => [modality, model.absentInput(modality)])), { mode: 'evaluate' });
  const repeat = (tensor: Tensor2D): Tensor2D => tf.tile(tensor, [samples, 1]);
  const known = new Map<number, Tensor2D>();
  const fused = (subset: number): Tensor2D => {
    if (subset === 2 ** modalities.length - 1) return model.fuse(all);
    const pick = (kind: 'features' | 'logits') => Object.fromEntries(modalities.map((modality, index) =>
      [modality, (subset & 2 ** index) !== 0 ? alone[kind][modality]! : repeat(absent[kind][modality]!)]));
    return model.fuse({ features: pick('features'), logits: pick('logits') });
  };
  return (subset) => {
    const found = known.get(subset) ?? fused(subset);
    known.set(subset, found);
    return found;
  };
}
