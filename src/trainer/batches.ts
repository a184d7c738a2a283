import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { createRandom, seedFor } from '../core/random.ts';
import type { Dataset, Split } from './datasets/dataset.ts';
import type { Batch } from './method.ts';
import type { MultimodalModel, Outputs } from './model.ts';

/** Samples that go through the network at once when nothing is trained. */
const EVALUATION_BATCH = 250;

/** Outputs of frozen modalities on a whole split, kept in ordinary memory; row i belongs to sample i. */
export interface FrozenSplit {
  readonly outputs: { readonly features: Readonly<Record<string, Rows>>; readonly logits: Readonly<Record<string, Rows>> };
  readonly fused: Rows;
}

interface Rows {
  readonly values: Float32Array;
  readonly width: number;
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

/** Puts the given rows of a split on the device. The caller disposes the batch (`disposeBatch`). */
export function createBatch(
  dataset: Dataset, split: Split, rows: Int32Array, modalities: readonly string[], frozen?: FrozenSplit,
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
      ...(frozen ? { frozen: {
        outputs: { features: pick(frozen.outputs.features), logits: pick(frozen.outputs.logits) },
        fused: pickRows(frozen.fused, rows),
      } } : {}),
    };
  }) as unknown as Batch;
}

/** Frees everything a batch holds. */
export function disposeBatch(batch: Batch): void {
  tf.dispose([batch.inputs, batch.oneHot, batch.frozen ?? []] as unknown as Tensor[]);
}

/** Runs the frozen modalities over a split once, in evaluation mode, and reads their outputs back. */
export async function computeFrozen(
  model: MultimodalModel, dataset: Dataset, split: Split, modalities: readonly string[], between: () => Promise<void>,
): Promise<FrozenSplit> {
  const parts = await forwardSplit(dataset, split, modalities, (inputs) => {
    const outputs = model.forward(inputs, 'evaluate', modalities);
    return { ...named('features', outputs.features), ...named('logits', outputs.logits), fused: model.fuse(outputs, modalities) };
  }, between);
  const of = (kind: string) => Object.fromEntries(modalities.map((modality) => [modality, parts[`${kind}.${modality}`]!]));
  return { outputs: { features: of('features'), logits: of('logits') }, fused: parts['fused']! };
}

/**
 * Logits of the targets on a split in evaluation mode, each flat [N, C]: those of every modality that is not frozen, of
 * the frozen ones from what was computed before, and `fusion` if there are several modalities.
 */
export async function evaluateLogits(
  model: MultimodalModel, dataset: Dataset, split: Split,
  what: { readonly modalities: readonly string[]; readonly fused: boolean; readonly unimodal?: (outputs: Outputs) => Readonly<Record<string, Tensor2D>>; readonly frozen?: FrozenSplit },
  fusionName: string, between: () => Promise<void>,
): Promise<Record<string, Float32Array>> {
  const known = what.frozen ? Object.keys(what.frozen.outputs.logits) : [];
  const live = what.modalities.filter((modality) => !known.includes(modality));
  const parts = await forwardSplit(dataset, split, live, (inputs, rows) => {
    const outputs = model.forward(inputs, 'evaluate', live);
    const all = what.frozen ? withFrozen(outputs, what.frozen, rows) : outputs;
    const shown = what.unimodal ? what.unimodal(all) : outputs.logits;
    const own = Object.fromEntries(live.map((modality) => [modality, shown[modality]!]));
    return what.fused ? { ...own, [fusionName]: model.fuse(all, what.modalities) } : own;
  }, between);
  const frozen = Object.fromEntries(known.map((modality) => [modality, what.frozen!.outputs.logits[modality]!]));
  return Object.fromEntries(Object.entries({ ...frozen, ...parts }).map(([target, rows]) => [target, rows.values]));
}

async function forwardSplit(
  dataset: Dataset, split: Split, modalities: readonly string[],
  forward: (inputs: Record<string, Tensor>, rows: Int32Array) => Record<string, Tensor2D>, between: () => Promise<void>,
): Promise<Record<string, Rows>> {
  const result: Record<string, { values: Float32Array; width: number }> = {};
  for (let start = 0; start < split.size; start += EVALUATION_BATCH) {
    const rows = range(start, Math.min(split.size, start + EVALUATION_BATCH));
    const outputs = tf.tidy(() => forward(
      Object.fromEntries(modalities.map((modality) => [modality, inputOf(dataset, split, rows, modality)])), rows));
    for (const [name, tensor] of Object.entries(outputs)) {
      const width = tensor.shape[1];
      result[name] ??= { values: new Float32Array(split.size * width), width };
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

function inputOf(dataset: Dataset, split: Split, rows: Int32Array, modality: string): Tensor {
  const { shape } = dataset.modalities.find((each) => each.id === modality)!;
  return tf.tensor(split.inputs(modality, rows), [rows.length, ...shape], 'float32');
}

function pickRows({ values, width }: Rows, rows: Int32Array): Tensor2D {
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, index) => picked.set(values.subarray(row * width, (row + 1) * width), index * width));
  return tf.tensor2d(picked, [rows.length, width]);
}

function named(prefix: string, record: Readonly<Record<string, Tensor2D>>): Record<string, Tensor2D> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [`${prefix}.${name}`, value]));
}
