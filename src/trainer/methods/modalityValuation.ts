import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { range } from '../loop/batches.ts';
import type { EpochTools, Method } from './method.ts';
import { crossEntropy } from '../model/losses.ts';
import type { EpochEntries } from '../loop/batch.ts';
import type { MultimodalModel } from '../model/model.ts';
import { jointPlan, jointStage } from './joint.ts';
import { shapleyTerms, sizeOf, subsets } from './shapley.ts';

/**
 * Shapley value of every modality of one sample; `right(S)` says whether the prediction from the modalities in the bit mask S is
 * right, which is worth |S|.
 */
export function shapleyValues(right: (subset: number) => boolean, count: number): number[] {
  const value = (subset: number): number => (subset !== 0 && right(subset) ? sizeOf(subset) : 0);
  return shapleyTerms(count).map((terms) => terms.reduce((sum, { before, after, weight }) => sum + weight * (value(after) - value(before)), 0));
}

/** More than the rounding of a Shapley value, less than the distance of two of them. */
const ROUNDING = 1e-9;

/** How often a sample is shown with only this modality, from the modality's value for it: thresholds 1, 0.4 and -0.1. */
export function copiesFor(value: number): number {
  if (value > 1 - ROUNDING) return 0;
  if (value > 0.4 + ROUNDING) return 1;
  return value > -0.1 - ROUNDING ? 2 : 3;
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
    const means = Object.fromEntries(modalities.map((modality) => [`value.${modality}`, tf.tidy(() => tf.variable(tf.scalar(0), false))]));
    let entries: EpochEntries | undefined;
    yield {
      ...joint,
      startEpoch: async (epoch, tools) => {
        if (epoch < Math.max(1, Math.round(warmUp * joint.epochs))) return;
        const size = tools.labels('train').length;
        const random = context.random('valuation', { epoch, step: 0 });
        const draw = (count: number): Int32Array => Int32Array.from({ length: Math.floor(count) }, () => random.integer(size));
        // The model at the beginning of an epoch is in the checkpoint, so a resumed run values the same samples alike.
        const values = await valuate(model, tools, level === 'sample' ? range(0, size) : draw(Math.max(1, ratio * size)));
        const averages = modalities.map((_, modality) => values.reduce((sum, own) => sum + own[modality]!, 0) / values.length);
        tf.tidy(() => modalities.forEach((modality, index) => means[`value.${modality}`]!.assign(tf.scalar(averages[index]!))));
        const { modality, share } = lagOf(averages, alpha);
        entries = withCopies(size, modalities.length, level === 'sample' ? copiesOf(values) : Array.from(draw(share * size), (row) => ({ row, modality })));
      },
      entries: () => entries,
      loss: (outputs, batch, at) => {
        if (!batch.marks) return joint.loss(outputs, batch, at);
        const features = Object.fromEntries(modalities.map((modality, index) =>
          [modality, tf.mul(outputs.features[modality]!, tf.slice(batch.marks!, [0, index], [-1, 1])) as Tensor2D]));
        return { total: crossEntropy(model.fuse(model.classify(features)), batch.oneHot) };
      },
      readings: () => means,
      dispose: () => tf.dispose(means),
    };
  },
};

/** Values of all modalities for these training samples. */
async function valuate(model: MultimodalModel, tools: EpochTools, rows: Int32Array): Promise<number[][]> {
  const { modalities } = model;
  const labels = tools.labels('train');
  const predictions = await tools.read('train', modalities, ({ features }) => Object.fromEntries(subsets(modalities.length).map((subset) => {
    const kept = Object.fromEntries(modalities.map((modality, index) => {
      const values = features[modality]!;
      return [modality, (subset & 2 ** index) !== 0 ? values : tf.zerosLike(values)];
    }));
    return [String(subset), tf.cast(tf.expandDims(tf.argMax(model.fuse(model.classify(kept)), -1), 1), 'float32') as Tensor2D];
  })), rows);
  return Array.from(rows, (row, index) => shapleyValues((subset) => predictions[String(subset)]!.values[index] === labels[row], modalities.length));
}

/** A sample that is shown once more with one modality alone. */
interface Copy {
  readonly row: number;
  readonly modality: number;
}

/** The copies that every sample gets for the values of its modalities. */
function copiesOf(values: readonly (readonly number[])[]): Copy[] {
  return values.flatMap((own, row) => own.flatMap((value, modality) => new Array<Copy>(copiesFor(value)).fill({ row, modality })));
}

/** The training set of `size` samples with all modalities, then the copies. */
function withCopies(size: number, modalities: number, copies: readonly Copy[]): EpochEntries {
  const marks = new Float32Array((size + copies.length) * modalities).fill(1, 0, size * modalities);
  copies.forEach(({ modality }, index) => { marks[(size + index) * modalities + modality] = 1; });
  return { rows: Int32Array.from([...range(0, size), ...copies.map(({ row }) => row)]), marks: { values: marks, width: modalities } };
}
