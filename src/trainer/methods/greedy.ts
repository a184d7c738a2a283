import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { crossEntropy } from '../losses.ts';
import type { LossTerms, Method } from '../method.ts';
import type { NamedTensors } from '../module.ts';
import { prefixed } from '../module.ts';
import { createGates } from './gates.ts';
import { jointPlan, jointStage } from './joint.ts';

/** Squared norm of the gradients over that of the weights, for the names that have a gradient. */
export function learningSpeed(gradients: NamedTensors, weights: NamedTensors, names: readonly string[]): Scalar {
  const known = names.filter((name) => name in gradients);
  const square = (tensors: NamedTensors): Tensor => tf.addN(known.map((name) => tf.sum(tf.square(tensors[name]!))));
  return tf.div(square(gradients), square(weights));
}

/** log10(bypass_1/main_1) - log10(bypass_2/main_2) of summed learning speeds; above 0 modality 1 learns too much from the other. */
export function speedDifference(bypass: readonly Tensor[], main: readonly Tensor[]): Scalar {
  const ratio = (modality: number): Tensor => tf.div(tf.log(tf.div(bypass[modality]!, main[modality]!)), Math.LN10);
  return tf.sub(ratio(0), ratio(1));
}

interface GreedySettings {
  readonly epsilon: number;
  readonly window: number;
  readonly unlock: number;
}

/** What the balancing remembers between steps, scalars on the device. */
function createState() {
  const scalar = (value: number): Variable => tf.tidy(() => tf.variable(tf.scalar(value), false));
  return { bypass0: scalar(0), bypass1: scalar(0), main0: scalar(0), main1: scalar(0), counter: scalar(0) };
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
  },
  plan: jointPlan,
  *stages(model, context) {
    const { epsilon, window, unlock } = context.hparams as unknown as GreedySettings;
    const { modalities } = model;
    const gates = createGates(model, context.seed);
    model.couple(gates);
    const joint = jointStage(model, context);
    const state = createState();
    const main = modalities.map((modality) => Object.keys(prefixed(modality, model.branchParameters(modality))));
    yield {
      ...joint,
      loss: (outputs, batch): LossTerms => {
        const losses = modalities.map((modality) => [modality, crossEntropy(outputs.logits[modality]!, batch.oneHot)] as const);
        return { total: tf.addN(losses.map(([, loss]) => loss)) as Scalar, ...Object.fromEntries(losses) };
      },
      modulate: (gradients, _signals, at) => {
        const speeds = (names: readonly string[]): Scalar => learningSpeed(gradients, joint.variables, names);
        const holding = tf.greaterEqual(gates.held, 0);
        const added = tf.cast(tf.logicalNot(holding), 'float32');
        for (const [variable, names] of [
          [state.bypass0, gates.bypass(0)], [state.bypass1, gates.bypass(1)], [state.main0, main[0]!], [state.main1, main[1]!],
        ] as const) variable.assign(tf.add(variable, tf.where(holding, 0, tf.mul(speeds(names), added))));
        if (at.epoch < unlock) return gradients;
        const difference = speedDifference([state.bypass0, state.bypass1], [state.main0, state.main1]);
        const target = tf.where(tf.greater(difference, 0), 0, 1);
        const begins = tf.where(tf.greater(tf.abs(difference), epsilon), target, -1);
        const counted = tf.add(state.counter, 1);
        const over = tf.greaterEqual(counted, window);
        state.counter.assign(tf.where(holding, tf.where(over, 0, counted), 0));
        gates.held.assign(tf.where(holding, tf.where(over, -1, gates.held), begins));
        return gradients;
      },
      unimodal: (outputs) => outputs.logits,
      fused: (outputs) => tf.div(tf.addN(modalities.map((modality) => outputs.logits[modality]!)), modalities.length) as Tensor2D,
      state,
      readings: () => ({ held: gates.held }),
      dispose: () => tf.dispose(state),
    };
  },
};
