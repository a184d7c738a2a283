import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { FUSION } from '../../core/run/targets.ts';
import { createRandom, seedFor } from '../../core/random.ts';
import type { Dataset, Split } from '../data/dataset.ts';
import type { Stage } from '../methods/method.ts';
import type { Batch, EpochEntries, Rows } from './batch.ts';
import type { MultimodalModel, Outputs } from '../model/model.ts';
import type { Input } from '../model/module.ts';

/** Samples that go through the network at once when nothing is trained. */
const EVALUATION_BATCH = 250;

/** Outputs of frozen modalities on a whole split, kept in ordinary memory; row i belongs to sample i. */
export interface FrozenSplit {
  readonly outputs: { readonly features: Readonly<Record<string, Rows>>; readonly logits: Readonly<Record<string, Rows>> };
  readonly fused: Rows;
}

/** Rows of every training batch of an epoch, in the order that seed and epoch determine. A last batch of one sample is left out: batch norm has no variance there. */
export function epochBatches(size: number, batchSize: number, seed: number, epoch: number): Int32Array[] {
  const order = createRandom(seedFor(`batches:${epoch}`, seed)).shuffle(range(0, size));
  const batches: Int32Array[] = [];
  for (let start = 0; start < size; start += batchSize) batches.push(order.subarray(start, start + batchSize));
  return batches.length > 1 && batches.at(-1)!.length === 1 ? batches.slice(0, -1) : batches;
}

/** Indices from `start` to `end`, exclusive. */
export function range(start: number, end: number): Int32Array {
  return Int32Array.from({ length: end - start }, (_, index) => start + index);
}

/** The part of an epoch's entries that a batch of indices into them stands for. */
export function pickEntries(entries: EpochEntries | undefined, batch: Int32Array): EpochEntries {
  if (!entries) return { rows: batch };
  const rows = Int32Array.from(batch, (index) => entries.rows[index]!);
  return entries.marks ? { rows, marks: { values: pickValues(entries.marks, batch), width: entries.marks.width } } : { rows };
}

/** Puts the given rows of a split on the device. The caller disposes the batch (`disposeBatch`). */
export function createBatch(
  dataset: Dataset, split: Split, { rows, marks }: EpochEntries, modalities: readonly string[], frozen?: FrozenSplit,
): Batch {
  return tf.tidy(() => {
    const labels = tf.tensor1d(Int32Array.from(rows, (row) => split.labels[row]!), 'int32');
    const inputs = Object.fromEntries(modalities.map((modality) => [modality, inputOf(dataset, split, rows, modality)]));
    const oneHot = tf.cast(tf.oneHot(labels, dataset.classes.length), 'float32') as Tensor2D;
    const pick = (source: Readonly<Record<string, Rows>>) =>
      Object.fromEntries(Object.entries(source).map(([modality, values]) => [modality, pickRows(values, rows)]));
    return {
      size: rows.length,
      inputs,
      oneHot,
      ...(marks ? { marks: tf.tensor2d(marks.values, [rows.length, marks.width]) } : {}),
      ...(frozen ? { frozen: {
        outputs: { features: pick(frozen.outputs.features), logits: pick(frozen.outputs.logits) },
        fused: pickRows(frozen.fused, rows),
      } } : {}),
    };
  }) as unknown as Batch;
}

/** Frees everything a batch holds. */
export function disposeBatch(batch: Batch): void {
  tf.dispose([batch.inputs, batch.oneHot, batch.frozen ?? [], batch.marks ?? []] as unknown as Tensor[]);
}

/** Runs the frozen modalities over a split once, in evaluation mode, and reads their outputs back. */
export async function computeFrozen(
  model: MultimodalModel, dataset: Dataset, split: Split, modalities: readonly string[], between: () => Promise<void>,
): Promise<FrozenSplit> {
  const parts = await readSplit(model, dataset, split, modalities, (outputs) => (
    { ...named('features', outputs.features), ...named('logits', outputs.logits), fused: model.fuse(outputs, modalities) }), between);
  const of = (kind: string) => Object.fromEntries(modalities.map((modality) => [modality, parts[`${kind}.${modality}`]!]));
  return { outputs: { features: of('features'), logits: of('logits') }, fused: parts['fused']! };
}

/** What is evaluated: modalities, whether their fusion too, and how, where a stage does not leave it to the model. */
export interface Evaluated extends Pick<Stage, 'unimodal' | 'fused'> {
  readonly modalities: readonly string[];
  readonly fusion: boolean;
  readonly frozen?: FrozenSplit;
}

/**
 * Logits of the targets on a split in evaluation mode, each flat [N, C]: those of every modality that is not frozen, of
 * the frozen ones from what was computed before, and `fusion` if asked for. A stage with logits of its own has the last word.
 */
export async function evaluateLogits(
  model: MultimodalModel, dataset: Dataset, split: Split, what: Evaluated, between: () => Promise<void>,
): Promise<Record<string, Float32Array>> {
  const known = what.frozen ? Object.keys(what.frozen.outputs.logits) : [];
  const live = what.modalities.filter((modality) => !known.includes(modality));
  const parts = await readSplit(model, dataset, split, live, (outputs, rows) => {
    const all = what.frozen ? withFrozen(outputs, what.frozen, rows) : outputs;
    const shown = what.unimodal ? what.unimodal(all) : outputs.logits;
    const own = Object.fromEntries((what.unimodal ? what.modalities : live).map((modality) => [modality, shown[modality]!]));
    return what.fusion ? { ...own, [FUSION]: what.fused ? what.fused(all) : model.fuse(all, what.modalities) } : own;
  }, between);
  const frozen = Object.fromEntries(known.map((modality) => [modality, what.frozen!.outputs.logits[modality]!]));
  return Object.fromEntries(Object.entries({ ...frozen, ...parts }).map(([target, rows]) => [target, rows.values]));
}

/**
 * Runs modalities in evaluation mode over `rows` of a split (all by default) and reads back what `select` makes of the
 * outputs; it is also given the rows of the split that they belong to. Row i of the result belongs to `rows[i]`.
 */
export async function readSplit(
  model: MultimodalModel, dataset: Dataset, split: Split, modalities: readonly string[],
  select: (outputs: Outputs, rows: Int32Array) => Record<string, Tensor2D>, between: () => Promise<void>, rows = range(0, split.size),
): Promise<Record<string, Rows>> {
  const result: Record<string, { values: Float32Array; width: number }> = {};
  for (let start = 0; start < rows.length; start += EVALUATION_BATCH) {
    const part = rows.subarray(start, start + EVALUATION_BATCH);
    const outputs = tf.tidy(() => select(model.forward(
      Object.fromEntries(modalities.map((modality) => [modality, inputOf(dataset, split, part, modality)])), { mode: 'evaluate' }, modalities), part));
    for (const [name, tensor] of Object.entries(outputs)) {
      const width = tensor.shape[1];
      result[name] ??= { values: new Float32Array(rows.length * width), width };
      result[name].values.set(await tensor.data() as Float32Array, start * width);
    }
    tf.dispose(outputs);
    await between();
  }
  return result;
}

function withFrozen(outputs: Outputs, frozen: FrozenSplit, rows: Int32Array): Outputs {
  const pick = (source: Readonly<Record<string, Rows>>) =>
    Object.fromEntries(Object.entries(source).map(([modality, values]) => [modality, pickRows(values, rows)]));
  return {
    features: { ...pick(frozen.outputs.features), ...outputs.features },
    logits: { ...pick(frozen.outputs.logits), ...outputs.logits },
  };
}

function inputOf(dataset: Dataset, split: Split, rows: Int32Array, modality: string): Input {
  const { shape } = dataset.modalities.find((each) => each.id === modality)!;
  return { values: tf.tensor(split.inputs(modality, rows), [rows.length, ...shape], 'float32') };
}

function pickRows(source: Rows, rows: Int32Array): Tensor2D {
  return tf.tensor2d(pickValues(source, rows), [rows.length, source.width]);
}

function pickValues({ values, width }: Rows, rows: Int32Array): Float32Array {
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, index) => picked.set(values.subarray(row * width, (row + 1) * width), index * width));
  return picked;
}

function named(prefix: string, record: Readonly<Record<string, Tensor2D>>): Record<string, Tensor2D> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [`${prefix}.${name}`, value]));
}
