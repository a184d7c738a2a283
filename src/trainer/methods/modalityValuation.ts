import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import type { EpochTools } from '../epochTools.ts';
import { crossEntropy } from '../losses.ts';
import type { EpochEntries, Method } from '../method.ts';
import type { MultimodalModel } from '../model.ts';
import { jointPlan, jointStage } from './joint.ts';

/** Non-empty subsets of `count` modalities as bit masks, the whole set last. */
function subsets(count: number): number[] {
  return Array.from({ length: 2 ** count - 1 }, (_, index) => index + 1);
}

function sizeOf(subset: number): number {
  return subset.toString(2).replaceAll('0', '').length;
}

/**
 * Shapley value of every modality of one sample; `right(S)` says whether the prediction from the modalities in the bit mask S is
 * right, which is worth |S|.
 */
export function shapleyValues(right: (subset: number) => boolean, count: number): number[] {
  const value = (subset: number): number => (subset !== 0 && right(subset) ? sizeOf(subset) : 0);
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  return Array.from({ length: count }, (_, modality) => {
    const own = 2 ** modality;
    return [0, ...subsets(count)].filter((subset) => (subset & own) === 0).reduce((sum, subset) => {
      const size = sizeOf(subset);
      return sum + (factorial(size) * factorial(count - size - 1) / factorial(count)) * (value(subset | own) - value(subset));
    }, 0);
  });
}

/** How often a sample is shown with only this modality, from the modality's value for it. */
export function copiesFor(value: number): number {
  if (value >= 1) return 0;
  if (value > 0.4) return 1;
  return value > -0.1 ? 2 : 3;
}

/** Share of the training set that is shown again with the modality that contributes least, and that modality. */
export function lagOf(means: readonly number[], alpha: number): { modality: number; share: number } {
  const lowest = Math.min(...means);
  const modality = means.indexOf(lowest);
  const others = means.filter((_, index) => index !== modality);
  const gap = others.reduce((sum, each) => sum + each, 0) / others.length - lowest;
  return { modality, share: alpha * (2 / 3) * gap };
}

interface ValuationSettings {
  readonly level: 'sample' | 'modality';
  readonly warmUp: number;
  readonly ratio: number;
  readonly alpha: number;
}

/**
 * Values every modality for every training sample by Shapley values of what subsets predict, and shows samples again with the
 * modality alone that contributes too little. Wei et al. 2024; GeWu-Lab/Valuate-and-Enhance-Multimodal-Cooperation:
 * code/sample_level.py (default) and code/modality_level.py. A modality is taken away by zeroing its features.
 */
export const modalityValuation: Method = {
  id: 'modality-valuation',
  label: 'Modality-valuation',
  source: 'Wei et al. 2024, GeWu-Lab/Valuate-and-Enhance-Multimodal-Cooperation:code/sample_level.py; methods.md 4.15',
  stageKinds: ['joint'],
  modalities: { min: 2, reason: 'it values modalities against each other.' },
  hparams: {
    level: { type: 'choice', values: ['sample', 'modality'], default: 'sample', help: 'Whether every sample has its own copies, or the weakest modality gets random ones.', source: 'code/sample_level.py, code/modality_level.py' },
    warmUp: { type: 'number', min: 0, max: 1, default: 5 / 60, help: 'Share of the epochs before the first valuation; at least one epoch.', source: 'code/sample_level.py, 5 of 60 epochs' },
    ratio: { type: 'number', above: 0, max: 1, default: 0.2, help: 'Modality level: share of the training set that the values are averaged over.', source: 'code/modality_level.py' },
    alpha: { type: 'number', min: 0, default: 1, help: 'Modality level: how strongly the gap becomes copies.', source: 'code/modality_level.py' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { level, warmUp, ratio, alpha } = context.hparams as unknown as ValuationSettings;
    const { modalities } = model;
    const joint = jointStage(model, context);
    let entries: EpochEntries | undefined;
    yield {
      ...joint,
      startEpoch: async (epoch, tools) => {
        // The model at the beginning of an epoch is in the checkpoint, so a resumed run values the same samples alike.
        entries = epoch < Math.max(1, Math.round(warmUp * joint.epochs)) ? undefined
          : entriesFrom(await valuate(model, tools), modalities.length, level, { ratio, alpha }, context.random('valuation', { epoch, step: 0 }));
      },
      entries: () => entries,
      loss: (outputs, batch, at) => {
        if (!batch.marks) return joint.loss(outputs, batch, at);
        const features = Object.fromEntries(modalities.map((modality, index) =>
          [modality, tf.mul(outputs.features[modality]!, tf.slice(batch.marks!, [0, index], [-1, 1])) as Tensor2D]));
        return { total: crossEntropy(model.fuse(model.classify(features)), batch.oneHot) };
      },
    };
  },
};

/** Values of all modalities for every training sample. */
async function valuate(model: MultimodalModel, tools: EpochTools): Promise<number[][]> {
  const { modalities } = model;
  const labels = tools.labels('train');
  const predictions = await tools.read('train', modalities, ({ features }) => Object.fromEntries(subsets(modalities.length).map((subset) => {
    const kept = Object.fromEntries(modalities.map((modality, index) => {
      const values = features[modality]!;
      return [modality, (subset & 2 ** index) !== 0 ? values : tf.zerosLike(values)];
    }));
    return [String(subset), tf.cast(tf.expandDims(tf.argMax(model.fuse(model.classify(kept)), -1), 1), 'float32') as Tensor2D];
  })));
  return Array.from(labels, (label, row) => shapleyValues((subset) => predictions[String(subset)]!.values[row] === label, modalities.length));
}

/** The training set with all modalities, then the copies of which only one modality is kept. */
function entriesFrom(
  values: readonly (readonly number[])[], count: number, level: ValuationSettings['level'], { ratio, alpha }: Pick<ValuationSettings, 'ratio' | 'alpha'>, random: Random,
): EpochEntries {
  const draw = (share: number): number[] => Array.from({ length: Math.floor(share * values.length) }, () => random.integer(values.length));
  const copies: { row: number; modality: number }[] = [];
  if (level === 'sample') {
    values.forEach((own, row) => own.forEach((value, modality) => {
      for (let copy = 0; copy < copiesFor(value); copy++) copies.push({ row, modality });
    }));
  } else {
    const drawn = draw(ratio);
    const means = Array.from({ length: count }, (_, modality) => drawn.reduce((sum, row) => sum + values[row]![modality]!, 0) / Math.max(1, drawn.length));
    const { modality, share } = lagOf(means, alpha);
    for (const row of draw(share)) copies.push({ row, modality });
  }
  const rows = Int32Array.from([...values.keys(), ...copies.map(({ row }) => row)]);
  const marks = new Float32Array(rows.length * count).fill(1, 0, values.length * count);
  copies.forEach(({ modality }, index) => { marks[(values.length + index) * count + modality] = 1; });
  return { rows, marks: { values: marks, width: count } };
}
