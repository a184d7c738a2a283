import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Dataset, ModalityInfo, Split } from '../data/dataset.ts';
import type { Rows } from './batch.ts';
import { range, readBatch, uploadInputs } from './batches.ts';
import type { MultimodalModel, Outputs } from '../model/model.ts';
import { readAhead } from './readAhead.ts';

/** Bytes of input, and samples, that go through the network at once at most when nothing is trained. */
const EVALUATION = { bytes: 32 * 2 ** 20, samples: 250 };

/**
 * Runs modalities in evaluation mode over `rows` of a split (all by default), as they are without augmentation, and reads back
 * what `select` makes of the outputs; it is also given the rows of the split that they belong to. Row i of the result belongs to `rows[i]`.
 */
export async function readSplit(
  model: MultimodalModel, dataset: Dataset, split: Split, modalities: readonly string[],
  select: (outputs: Outputs, rows: Int32Array) => Record<string, Tensor2D>, between: () => Promise<void>, rows = range(0, split.size),
): Promise<Record<string, Rows>> {
  const result: Record<string, { values: Float32Array; width: number }> = {};
  const size = evaluationBatch(dataset.modalities.filter(({ id }) => modalities.includes(id)));
  const parts = Array.from({ length: Math.ceil(rows.length / size) }, (_, index) => rows.subarray(index * size, (index + 1) * size));
  let start = 0;
  for await (const host of readAhead(parts, (part) => readBatch(split, { rows: part }, modalities, 'clean'))) {
    try {
      const outputs = tf.tidy(() => select(model.forward(uploadInputs(host.inputs), { mode: 'evaluate' }, modalities), host.rows));
      for (const [name, tensor] of Object.entries(outputs)) {
        const width = tensor.shape[1];
        result[name] ??= { values: new Float32Array(rows.length * width), width };
        result[name].values.set(await tensor.data() as Float32Array, start * width);
      }
      tf.dispose(outputs);
    } finally {
      host.release();
    }
    start += host.rows.length;
    await between();
  }
  return result;
}

/** Samples that are evaluated at once: as many as the budget of bytes allows, one at least. */
export function evaluationBatch(modalities: readonly ModalityInfo[]): number {
  const bytes = modalities.reduce((sum, { shape, longest }) => sum + 4 * shape.reduce<number>((size, length) => size * (length ?? longest ?? 1), 1), 0);
  return Math.max(1, Math.min(EVALUATION.samples, Math.floor(EVALUATION.bytes / Math.max(1, bytes))));
}
