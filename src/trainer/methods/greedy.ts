import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { crossEntropy } from '../model/losses.ts';
import type { Method } from './method.ts';
import type { LossTerms } from '../loop/batch.ts';
import { type NamedTensors, prefixed } from '../model/module.ts';
import { createGates } from './gates.ts';
import { jointPlan, jointStage } from './joint.ts';
import { createStepMeans } from './stepMeans.ts';

/** Squared norm of the gradients over that of the weights, together for those of these names that have a gradient. */
export function learningSpeed(gradients: NamedTensors, weights: NamedTensors, names: readonly string[]): Scalar {
  const reached = names.filter((name) => name in gradients);
  const square = (tensors: NamedTensors): Tensor => tf.addN(reached.map((name) => tf.sum(tf.square(tensors[name]!))));
  return tf.div(square(gradients), square(weights));
}

/** log10(bypass_1/main_1) - log10(bypass_2/main_2) of summed learning speeds; above 0 the first modality learns too little by itself. */
export function speedDifference(sums: Speeds): Scalar {
  const ratio = (bypass: Tensor, main: Tensor): Tensor => tf.div(tf.log(tf.div(bypass, main)), Math.LN10);
  return tf.sub(ratio(sums.bypass0, sums.main0), ratio(sums.bypass1, sums.main1));
}

/** Learning speeds of the gates and of the branch proper of both modalities, scalars. */
export type Speeds = Readonly<Record<'bypass0' | 'bypass1' | 'main0' | 'main1', Tensor>>;

/** What the balancing remembers between steps: summed speeds, whose gate is held (-1: nobody's), and for how many steps it has been. */
export type Balance = Speeds & Readonly<Record<'held' | 'counter', Tensor>>;

/**
 * The balance after a step with these speeds. Where nobody's gate is held the speeds are added up, and a difference above `epsilon`
 * holds a gate for the next `window` steps, unless `locked` (the first epochs).
 */
export function nextBalance(
  now: Balance, speeds: Speeds, { epsilon, window, locked }: { readonly epsilon: number; readonly window: number; readonly locked: boolean },
): Balance {
  const holding = tf.greaterEqual(now.held, 0);
  const add = (name: keyof Speeds): Tensor => tf.where(holding, now[name], tf.add(now[name], speeds[name]));
  const sums = { bypass0: add('bypass0'), bypass1: add('bypass1'), main0: add('main0'), main1: add('main1') };
  const difference = speedDifference(sums);
  const target = tf.where(tf.greater(difference, 0), 0, 1);
  const begun = locked ? tf.scalar(-1) : tf.where(tf.greater(tf.abs(difference), epsilon), target, -1);
  const counted = tf.add(now.counter, 1);
  const over = tf.greaterEqual(counted, window);
  return {
    ...sums,
    held: tf.where(holding, tf.where(over, -1, now.held), begun),
    counter: tf.where(holding, tf.where(over, 0, counted), 0),
  };
}

interface GreedySettings {
  readonly epsilon: number;
  readonly window: number;
  readonly unlock: number;
  readonly ratio: number;
}

/**
 * Two branches that see each other through gates; the one that learns too slowly by itself has its gate held at the running mean for
 * some steps, so that no information from the other one reaches it. Wu et al. 2022; nyukat/greedy_multimodal_learning:
 * src/balanced_mmtm.py, src/model.py, src/callbacks.py. Unlike that code, each modality's running mean comes from its own gates,
 * and evaluation does not move it.
 */
export const greedy: Method = {
  id: 'greedy',
  label: 'Greedy',
  source: 'Wu et al. 2022, nyukat/greedy_multimodal_learning:src/callbacks.py; methods.md 4.14',
  stageKinds: ['joint'],
  modalities: { min: 2, max: 2, reason: 'its gates join two branches, and its speeds are compared in pairs.' },
  ownFusion: 'mean of the heads',
  hparams: {
    epsilon: { type: 'number', min: 0, default: 0.01, help: 'Difference of the speeds (log10) from which a branch is re-balanced.', source: 'configs/training_guided.gin' },
    window: { type: 'number', integer: true, min: 1, default: 5, help: 'Steps for which a gate is held.', source: 'configs/training_guided.gin' },
    unlock: { type: 'number', integer: true, min: 0, default: 1, help: 'Epochs before the first re-balancing.', source: 'configs/training_guided.gin' },
    ratio: { type: 'number', integer: true, min: 1, default: 4, help: 'Twice the channels of both branches over the width of a gate\'s squeeze layer.', source: 'configs/training_guided.gin' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { epsilon, window, unlock, ratio } = context.hparams as unknown as GreedySettings;
    const { modalities } = model;
    const gates = createGates(model, ratio, context.seed);
    model.couple(gates);
    const joint = jointStage(model, context);
    const zero = (): Variable => tf.tidy(() => tf.variable(tf.scalar(0), false));
    const own = { bypass0: zero(), bypass1: zero(), main0: zero(), main1: zero(), counter: zero() };
    const balance = { ...own, held: gates.held };
    const means = createStepMeans(modalities.map((modality) => `held.${modality}`));
    const mains = modalities.map((modality) => Object.keys(prefixed(modality, model.branchParameters(modality))));
    yield {
      ...joint,
      loss: (outputs, batch): LossTerms => {
        const losses = modalities.map((modality) => [`classification.${modality}`, crossEntropy(outputs.logits[modality]!, batch.oneHot)] as const);
        return { total: tf.addN(losses.map(([, loss]) => loss)) as Scalar, ...Object.fromEntries(losses) };
      },
      modulate: (gradients, _signals, at) => {
        means.add(Object.fromEntries(modalities.map((modality, index) => [`held.${modality}`, tf.cast(tf.equal(gates.held, index), 'float32')])), at.step);
        const speed = (names: readonly string[]): Scalar => learningSpeed(gradients, joint.variables, names);
        const speeds = { bypass0: speed(gates.bypass(0)), bypass1: speed(gates.bypass(1)), main0: speed(mains[0]!), main1: speed(mains[1]!) };
        const next = nextBalance(balance, speeds, { epsilon, window, locked: at.epoch < unlock });
        for (const name of Object.keys(balance) as (keyof Balance)[]) balance[name].assign(next[name]);
        return gradients;
      },
      unimodal: (outputs) => outputs.logits,
      fused: (outputs) => tf.div(tf.addN(modalities.map((modality) => outputs.logits[modality]!)), modalities.length) as Tensor2D,
      state: balance,
      readings: () => means.values,
      dispose: () => {
        tf.dispose(own);
        means.dispose();
      },
    };
  },
};
