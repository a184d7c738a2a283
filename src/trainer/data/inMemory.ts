import type { Dataset, ModalityInfo, Split } from './dataset.ts';
import { fingerprintOf, fingerprintPart } from './fingerprint.ts';

/** A split that lies in ordinary memory: shapes are fixed, nothing is augmented, no sample lacks a modality. */
export interface MemorySplit {
  readonly modalities: readonly ModalityInfo[];
  /** Class index of every sample. */
  readonly labels: Int32Array;
  /** Inputs of the given rows as one flat array, [rows, ...shape] row major, of the modality's dtype. */
  inputs(modality: string, rows: Int32Array): Float32Array | Int32Array;
}

/** What a dataset whose samples all lie in memory is made from. */
export interface MemoryDataset<Samples> extends Pick<Dataset, 'id' | 'modalities' | 'classes'> {
  readonly samples: Readonly<Record<'train' | 'validation' | 'test', Samples>>;
  /** All arrays of the samples, for the fingerprint. */
  bytes(samples: Samples): readonly NodeJS.ArrayBufferView[];
  split(samples: Samples): Omit<MemorySplit, 'modalities'>;
  /** Constants that turn the arrays into inputs; they belong to the fingerprint. */
  readonly preprocessing?: Readonly<Record<string, unknown>>;
}

/** The dataset; its fingerprint is that of all its bytes. */
export function memoryDataset<Samples>({ id, modalities, classes, samples, bytes, split, preprocessing }: MemoryDataset<Samples>): Dataset {
  const { train, validation, test } = samples;
  const part = (of: Samples) => fingerprintPart('', bytes(of));
  const createSplit = (of: Samples) => inMemory({ modalities, ...split(of) });
  return {
    id, modalities, classes,
    fingerprint: fingerprintOf({ format: 2, id, modalities, classes, ...preprocessing }, [train, validation, test].flatMap(bytes)),
    parts: {
      'class list': fingerprintPart(classes), modalities: fingerprintPart(modalities), ...(preprocessing ? { preprocessing: fingerprintPart(preprocessing) } : {}),
      'training split': part(train), 'validation split': part(validation), 'test split': part(test),
    },
    train: createSplit(train), validation: createSplit(validation), test: createSplit(test),
  };
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
