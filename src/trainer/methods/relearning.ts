import * as tf from '@tensorflow/tfjs-core';
import { createRandom, seedFor } from '../../core/random.ts';
import type { EpochTools, Method, MethodContext, VisibleSplit } from './method.ts';
import { jointPlan, jointStage } from './joint.ts';
import { separability } from './separability.ts';

/** How far an encoder goes back to its initial weights: tanh(lambda · gap) of its gap in separability, 0..1. */
export function relearningShare(gap: number, lambda: number): number {
  return Math.tanh(lambda * Math.abs(gap));
}

/** Class-balanced rows of a split, `count` at most, in a seeded order. */
export function balancedRows(labels: ArrayLike<number>, classes: number, count: number, seed: number): Int32Array {
  const order = createRandom(seed).shuffle(Array.from(labels, (_, row) => row));
  const taken = new Array<number>(classes).fill(0);
  const quota = Math.ceil(count / classes);
  return order.filter((row) => taken[labels[row]!]!++ < quota).subarray(0, count);
}

interface RelearningSettings {
  readonly lambda: number;
  readonly interval: number;
  readonly resets: number;
  readonly samples: number;
}

/**
 * Now and then, pulls encoders that over-fit back towards their initial weights, by the gap in the separability of their features between
 * training and validation data. Wei et al. 2024 (Diagnosing & Re-learning); GeWu-Lab/Diagnosing_Relearning_ECCV2024:code/ours.py.
 * As there, an epoch is evaluated before the reset that follows it; k-means sees a class-balanced part of the features.
 */
export const relearning: Method = {
  id: 'relearning',
  label: 'Relearning',
  source: 'Wei et al. 2024, GeWu-Lab/Diagnosing_Relearning_ECCV2024:code/ours.py; methods.md 4.10',
  stageKinds: ['joint'],
  hparams: {
    lambda: { type: 'number', min: 0, default: 3, help: 'How strongly a gap in separability pulls back.', source: 'code/script/ours.sh' },
    interval: { type: 'number', above: 0, max: 1, default: 20 / 90, help: 'Share of the epochs between two diagnoses.', source: 'code/script/ours.sh, 20 of 90 epochs' },
    resets: { type: 'number', integer: true, min: 0, default: 3, help: 'Number of diagnoses.', source: 'code/script/ours.sh' },
    samples: { type: 'number', integer: true, min: 10, default: 1000, help: 'Samples of each split that k-means clusters, class-balanced.', source: 'methods.md 4.10' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { lambda, interval, resets, samples } = context.hparams as unknown as RelearningSettings;
    const { modalities } = model;
    const joint = jointStage(model, context);
    const every = Math.max(1, Math.round(interval * joint.epochs));
    // The model is as it was initialised, also when a run is resumed: its checkpoint is loaded after this.
    const initial = Object.fromEntries(modalities.map((modality) =>
      [modality, Object.values(model.encoderParameters(modality)).map((variable) => ({ variable, value: tf.keep(tf.clone(variable)) }))]));
    const shares = Object.fromEntries(modalities.map((modality) => [`pulledBack.${modality}`, tf.tidy(() => tf.variable(tf.scalar(0), false))]));
    yield {
      ...joint,
      startEpoch: async (epoch, tools) => {
        const ended = epoch - 1;
        if (ended < 1 || ended % every !== 0 || ended / every > resets) return;
        for (const modality of modalities) {
          const of = (split: VisibleSplit): Promise<number> => separabilityOf(modality, split, ended, samples, tools, context);
          const share = relearningShare(await of('train') - await of('validation'), lambda);
          tf.tidy(() => {
            shares[`pulledBack.${modality}`]!.assign(tf.scalar(share));
            for (const { variable, value } of initial[modality]!) variable.assign(tf.add(tf.mul(value, share), tf.mul(variable, 1 - share)));
          });
        }
      },
      state: shares,
      readings: () => shares,
      dispose: () => tf.dispose([shares, Object.values(initial).flat().map(({ value }) => value)]),
    };
  },
};

async function separabilityOf(
  modality: string, split: VisibleSplit, epoch: number, samples: number, tools: EpochTools, context: MethodContext,
): Promise<number> {
  const labels = tools.labels(split);
  const rows = balancedRows(labels, tools.classes, samples, seedFor(`relearning:${split}`, context.seed));
  const { features } = await tools.read(split, [modality], (outputs) => ({ features: outputs.features[modality]! }), rows);
  return separability(features!, Array.from(rows, (row) => labels[row]!), tools.classes, (restart) => seedFor(`kmeans:${modality}:${split}:${epoch}:${restart}`, context.seed));
}
