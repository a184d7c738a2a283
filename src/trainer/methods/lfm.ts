import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { range } from '../loop/batches.ts';
import { alignment } from '../model/controller.ts';
import type { EpochTools, Method } from './method.ts';
import { crossEntropy, jensenShannon } from '../model/losses.ts';
import type { Batch } from '../loop/batch.ts';
import type { Outputs } from '../model/model.ts';
import type { NamedTensors, NamedVariables } from '../model/module.ts';
import { gradientsOf } from '../model/optimizer.ts';
import { jointPlan, jointStage } from './joint.ts';

/** The polynomial that the released entry script takes as the weight of the classification loss, by the epoch of 200. */
const FITTED = { epochs: 200, coefficients: [2.04623704e-1, 3.35472727e-3, 1.22989557e-4, -2.92947416e-6, 2.23835486e-8, -5.39717505e-11] };
const [LOWEST, HIGHEST] = [0.05, 0.95];
/** Training samples that `learned` keeps apart, and how many of them it looks at. */
const HELD_OUT = { kept: 16, used: 8 };
/** Length of the displacement of all parameters for a central difference (Liu et al. 2019, DARTS, section 2.3). */
const DISPLACEMENT = 0.01;

/** Weight of the classification loss in an epoch (from 0) of `epochs` by the fitted polynomial, before it is clipped. */
export function fittedWeight(epoch: number, epochs: number): number {
  const at = epoch * FITTED.epochs / epochs;
  return FITTED.coefficients.reduceRight((sum, coefficient) => sum * at + coefficient, 0);
}

/**
 * How far the predictions of two modalities are from their mixture q per sample, [B] nats: `reversed` is
 * (KL(q‖p¹) + KL(q‖p²)) / 2 as in the released code, `js` the Jensen–Shannon divergence.
 */
export function divergence(left: Tensor2D, right: Tensor2D, kind: 'reversed' | 'js'): Tensor1D {
  if (kind === 'js') return jensenShannon(left, right);
  const logs = [tf.logSoftmax(left), tf.logSoftmax(right)];
  const logMixture = tf.sub(tf.logSumExp(tf.stack(logs), 0), Math.LN2);
  return tf.sum(tf.mul(tf.exp(logMixture), tf.sub(logMixture, tf.div(tf.addN(logs), 2))), -1);
}

/** Mean divergence over the batch and all pairs of modalities; `logits` are [B, C] each. */
export function gap(logits: readonly Tensor2D[], kind: 'reversed' | 'js'): Scalar {
  const pairs = logits.flatMap((left, index) => logits.slice(index + 1).map((right) => tf.mean(divergence(left, right, kind))));
  return tf.div(tf.addN(pairs), pairs.length);
}

/** Runs `measure` with the variables displaced by `step` times `direction`; afterwards they have exactly their old values. */
function displaced<T>(variables: NamedVariables, direction: NamedTensors, step: number | Tensor, measure: () => T): T {
  const saved = Object.keys(direction).map((name) => ({ variable: variables[name]!, values: tf.clone(variables[name]!), by: direction[name]! }));
  for (const { variable, values, by } of saved) variable.assign(tf.add(values, tf.mul(by, step)));
  try {
    return measure();
  } finally {
    for (const { variable, values } of saved) variable.assign(values);
  }
}

/**
 * Hessian of a loss times `direction`, by a central difference of its gradients: the kernels of the convolutions have no second
 * gradient.
 */
export function hessianTimes(gradient: () => NamedTensors, variables: NamedVariables, direction: NamedTensors): NamedTensors {
  const step = tf.div(DISPLACEMENT, tf.add(tf.sqrt(alignment(direction, direction)), 1e-12));
  const ahead = displaced(variables, direction, step, gradient);
  const behind = displaced(variables, direction, tf.neg(step), gradient);
  return Object.fromEntries(Object.keys(ahead).map((name) => [name, tf.div(tf.sub(ahead[name]!, behind[name]!), tf.mul(step, 2))]));
}

/** Derivative of the validation loss after a step of length `eta` by the weight of the gap, from the gradients at their places. */
export function hypergradient(validation: NamedTensors, classification: NamedTensors, gapGradient: NamedTensors, eta: number): Scalar {
  return tf.mul(tf.sub(alignment(validation, classification), alignment(validation, gapGradient)), eta);
}

interface LfmSettings {
  readonly schedule: 'fitted' | 'learned' | 'bilevel';
  readonly divergence: 'reversed' | 'js';
  readonly weightLearningRate: number;
  readonly halveEvery: number;
}

/**
 * Mixes the classification loss with the gap between the modalities' predictions, whose weight fades: Yang et al. 2024 (LFM);
 * njustkmg/NeurIPS24-LFM:Crema_epoch.py is followed. The publication describes a contrastive loss between
 * features and a heuristic schedule, which that code has not. `learned` is Crema_epoch_learnable.py with a central
 * difference for its second derivative; `bilevel` is the textbook's one-step hypergradient on a validation batch.
 */
export const lfm: Method = {
  id: 'lfm',
  label: 'LFM',
  source: 'Yang et al. 2024, njustkmg/NeurIPS24-LFM:Crema_epoch.py; methods.md 4.6',
  stageKinds: ['joint'],
  modalities: { min: 2, reason: 'it compares modalities with each other.' },
  ownFusion: 'mean of the logits',
  hparams: {
    schedule: { type: 'choice', values: ['fitted', 'learned', 'bilevel'], default: 'fitted', help: 'Weight of the gap: the fitted polynomial of the epoch, learned from second derivatives, or from the validation loss.', source: 'Crema_epoch.py (fitted), Crema_epoch_learnable.py (learned); methods.md 4.6 (bilevel)' },
    divergence: { type: 'choice', values: ['reversed', 'js'], default: 'reversed', help: 'Gap between two predictions: KL from their mixture to each, or Jensen–Shannon.', source: 'Crema_epoch.py (reversed); methods.md 4.6' },
    weightLearningRate: { type: 'number', min: 0, default: 1e-4, help: 'Step of the learned weight before every epoch (`learned` and `bilevel`).', source: 'Crema_epoch_learnable.py' },
    halveEvery: { type: 'number', integer: true, min: 1, default: 20, help: 'Epochs after which that step is halved.', source: 'Crema_epoch_learnable.py' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const settings = context.hparams as unknown as LfmSettings;
    const joint = jointStage(model, context);
    const { modalities } = model;
    const { variables } = joint;
    // The learned schedules start here; `fitted` sets the weight of every epoch itself.
    const weight = tf.tidy(() => tf.variable(tf.scalar(HIGHEST), false));
    let kept: Int32Array | undefined;

    const logitsOf = (outputs: Outputs): Tensor2D[] => modalities.map((modality) => outputs.logits[modality]!);
    const fused = (outputs: Outputs): Tensor2D => tf.div(tf.addN(logitsOf(outputs)), modalities.length);
    const classification = (outputs: Outputs, batch: Batch): Scalar => crossEntropy(fused(outputs), batch.oneHot);
    const modalityGap = (outputs: Outputs): Scalar => gap(logitsOf(outputs), settings.divergence);
    const mixed = <T extends Tensor>(ofClass: T, ofGap: T): T => tf.add(tf.mul(ofClass, tf.sub(1, weight)), tf.mul(ofGap, weight));
    const gradientOn = (epoch: number, batch: Batch, loss: (outputs: Outputs, batch: Batch) => Scalar): NamedTensors =>
      gradientsOf(() => loss(model.forward(batch.inputs, { mode: 'probe', epoch, step: 0 }), batch), variables).gradients;

    /** What `learned` takes for the derivative by the weight: the mean over the first tensor of the model of the Hessian times the gradient. */
    const curvature = (epoch: number, batch: Batch): Scalar => {
      const gradient = () => gradientOn(epoch, batch, (outputs) => mixed(classification(outputs, batch), modalityGap(outputs)));
      const first = Object.keys(variables)[0]!;
      return tf.mean(hessianTimes(gradient, variables, gradientOn(epoch, batch, classification))[first]!);
    };
    const bilevel = (epoch: number, train: Batch, validation: Batch, eta: number): Scalar => {
      const [ofClass, ofGap] = [gradientOn(epoch, train, classification), gradientOn(epoch, train, modalityGap)];
      const step = Object.fromEntries(Object.keys(ofClass).map((name) => [name, mixed(ofClass[name]!, ofGap[name]!)]));
      return hypergradient(displaced(variables, step, -eta, () => gradientOn(epoch, validation, classification)), ofClass, ofGap, eta);
    };
    const updateWeight = (epoch: number, derivative: Scalar): void => {
      const rate = settings.weightLearningRate * 0.5 ** Math.floor(epoch / settings.halveEvery);
      weight.assign(tf.clipByValue(tf.sub(weight, tf.mul(derivative, rate)), LOWEST, HIGHEST));
    };
    const learn = async (epoch: number, tools: EpochTools): Promise<void> => {
      const shuffled = context.random('heldOut', { epoch: 0, step: 0 }).shuffle(range(0, tools.labels('train').length));
      const count = Math.min(HELD_OUT.kept, shuffled.length >> 1);
      kept = shuffled.subarray(count).sort();
      await tools.withBatches([{ split: 'train', rows: shuffled.subarray(0, Math.min(HELD_OUT.used, count)) }], modalities, (batch) => updateWeight(epoch, curvature(epoch, batch)));
    };
    const lookAhead = async (epoch: number, tools: EpochTools): Promise<void> => {
      const rows = tools.batches(epoch)[0]!;
      const others = context.random('bilevel', { epoch, step: 0 }).shuffle(range(0, tools.labels('validation').length)).subarray(0, rows.length);
      await tools.withBatches([{ split: 'train', rows }, { split: 'validation', rows: others }], modalities, (train, validation) =>
        updateWeight(epoch, bilevel(epoch, train!, validation!, tools.learningRate)));
    };

    yield {
      ...joint,
      startEpoch: async (epoch, tools) => {
        if (settings.schedule === 'learned') await learn(epoch, tools);
        else if (settings.schedule === 'bilevel') await lookAhead(epoch, tools);
        else tf.tidy(() => weight.assign(tf.scalar(1 - Math.min(HIGHEST, Math.max(LOWEST, fittedWeight(epoch, joint.epochs))))));
      },
      entries: () => kept && { rows: kept },
      loss: (outputs, batch) => {
        const terms = { classification: classification(outputs, batch), gap: modalityGap(outputs) };
        return { ...terms, total: tf.mul(mixed(terms.classification, terms.gap), 2) };
      },
      fused,
      readings: () => ({ 'weight.gap': weight }),
      state: { weight },
      dispose: () => weight.dispose(),
    };
  },
};
