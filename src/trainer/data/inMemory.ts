import type { ModalityInfo, Split } from './dataset.ts';

/** A split that lies in ordinary memory: shapes are fixed, nothing is augmented, no sample lacks a modality. */
export interface MemorySplit {
  readonly modalities: readonly ModalityInfo[];
  /** Class index of every sample. */
  readonly labels: Int32Array;
  /** Inputs of the given rows as one flat array, [rows, ...shape] row major, of the modality's dtype. */
  inputs(modality: string, rows: Int32Array): Float32Array | Int32Array;
}

/** The split as the training loop reads it; samples are named by their row. */
export function inMemory({ modalities, labels, inputs }: MemorySplit): Split {
  const shapeOf = (id: string): number[] => {
    const found = modalities.find((each) => each.id === id);
    if (!found) throw new Error(`There is no modality "${id}"`);
    return found.shape.map((length) => length!);
  };
  const read = (rows: Int32Array, id: string) => ({ shape: [rows.length, ...shapeOf(id)], values: inputs(id, rows) });
  return {
    size: labels.length,
    labels,
    id: (row) => String(row),
    read: (rows, ids) => Promise.resolve().then(() => ({ inputs: Object.fromEntries(ids.map((id) => [id, read(rows, id)])) })),
  };
}

/** Copies of these rows of a matrix [N, width], row-major. */
export function takeRows(from: Float32Array, indices: ArrayLike<number>, width: number): Float32Array {
  const rows = new Float32Array(indices.length * width);
  for (let row = 0; row < indices.length; row++) {
    rows.set(from.subarray(indices[row]! * width, (indices[row]! + 1) * width), row * width);
  }
  return rows;
}
