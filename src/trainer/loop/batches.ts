import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { createRandom, seedFor } from '../../core/random.ts';
import type { Dataset, Draw, HostInput, HostInputs, Split } from '../data/dataset.ts';
import type { Batch, EpochEntries, Rows } from './batch.ts';
import type { MultimodalModel } from '../model/model.ts';
import type { Input } from '../model/module.ts';

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

/**
 * Rows of a split that have one of these modalities at least: the others teach a stage that trains them nothing, and would only
 * disturb its statistics. Undefined if these are all rows.
 */
export function rowsWith(split: Split, modalities: readonly string[]): Int32Array | undefined {
  const present = modalities.map((modality) => split.present?.(modality));
  if (present.includes(undefined)) return undefined;
  const rows = range(0, split.size).filter((row) => present.some((each) => each![row] === 1));
  return rows.length === split.size ? undefined : rows;
}

/** The part of an epoch's entries that a batch of indices into them stands for. */
export function pickEntries(entries: EpochEntries | undefined, batch: Int32Array): EpochEntries {
  if (!entries) return { rows: batch };
  const rows = Int32Array.from(batch, (index) => entries.rows[index]!);
  return entries.marks ? { rows, marks: { values: pickValues(entries.marks, batch), width: entries.marks.width } } : { rows };
}

/** A mini-batch in ordinary memory, to be released once what it was uploaded to is disposed: some backends copy late. */
export interface HostBatch extends Required<HostInputs>, EpochEntries {}

/** Where the outputs of a stage's frozen modalities come from. */
export interface FrozenSource {
  /** Outputs of all frozen modalities for these rows; `inputs` hold those that are not known without them. */
  outputsFor(model: MultimodalModel, rows: Int32Array, inputs: Readonly<Record<string, Input>>): NonNullable<Batch['frozen']>;
}

/** The host's half of a batch: reads rows of a split. */
export async function readBatch(split: Split, entries: EpochEntries, modalities: readonly string[], draw: Draw): Promise<HostBatch> {
  const { inputs, release } = modalities.length > 0 ? await split.read(entries.rows, modalities, draw) : { inputs: {} };
  return { ...entries, inputs, release: release ?? (() => undefined) };
}

/**
 * The device's half of a batch: puts on the device what was read, with the outputs of the frozen modalities. The caller
 * disposes the batch (`disposeBatch`), then releases what was read.
 */
export function upload(model: MultimodalModel, dataset: Dataset, split: Split, { rows, marks, inputs: read }: HostBatch, frozen?: FrozenSource): Batch {
  return tf.tidy(() => {
    const labels = tf.tensor1d(Int32Array.from(rows, (row) => split.labels[row]!), 'int32');
    const inputs = uploadInputs(read);
    return {
      size: rows.length,
      inputs,
      oneHot: tf.cast(tf.oneHot(labels, dataset.classes.length), 'float32') as Tensor2D,
      ...(marks ? { marks: tf.tensor2d(marks.values, [rows.length, marks.width]) } : {}),
      ...(frozen ? { frozen: frozen.outputsFor(model, rows, inputs) } : {}),
    } as unknown as tf.TensorContainer;
  }) as unknown as Batch;
}

/** Inputs on the device; inside a tidy, or the caller's to dispose. */
export function uploadInputs(inputs: HostInputs['inputs']): Record<string, Input> {
  return Object.fromEntries(Object.entries(inputs).map(([modality, input]) => [modality, uploadInput(input)]));
}

function uploadInput({ values, shape, mask, present }: HostInput): Input {
  const tensor = tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32');
  return {
    values: tensor,
    ...(mask ? { mask: tf.tensor2d(Float32Array.from(mask), [shape[0]!, shape[1]!]) } : {}),
    ...(present ? { present: tf.tensor2d(Float32Array.from(present), [shape[0]!, 1]) } : {}),
  };
}

/** Frees everything a batch holds. */
export function disposeBatch(batch: Batch): void {
  tf.dispose([batch.inputs, batch.oneHot, batch.frozen ?? [], batch.marks ?? []] as unknown as Tensor[]);
}

/** Rows of a matrix, on the device. */
export function pickRows(source: Rows, rows: Int32Array): Tensor2D {
  return tf.tensor2d(pickValues(source, rows), [rows.length, source.width]);
}

/** Rows of a matrix, in ordinary memory. */
export function pickValues({ values, width }: Rows, rows: Int32Array): Float32Array {
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, index) => picked.set(values.subarray(row * width, (row + 1) * width), index * width));
  return picked;
}
