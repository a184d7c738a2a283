import { UserError } from '../../../core/errors.ts';
import { type NpySource, readNpy } from './npy.ts';

/** Where the values of one sample in one modality come from, as plain data. */
export type Source = NpySource & { readonly format: 'npy' };

/** One sample in one modality, and the memory (shared, if workers read) that its values go into. */
export interface ReadItem {
  readonly source: Source;
  readonly target: Float32Array | Int32Array;
}

/** Why an item could not be read: a `UserError` that survives the way out of a worker. */
export interface ReadFailure {
  /** Index of the item in its task. */
  readonly index: number;
  readonly message: string;
  readonly hint: string | undefined;
}

/** How each format is read. To add one, write its file, add its source above and put it here. */
const formats: { readonly [Format in Source['format']]: (source: Source & { readonly format: Format }, target: ReadItem['target']) => Promise<void> } = {
  npy: readNpy,
};

/** Reads items one after another, in a worker or in the trainer itself; the first failure ends it. */
export async function readItems(items: readonly ReadItem[]): Promise<ReadFailure | undefined> {
  for (const [index, { source, target }] of items.entries()) {
    try {
      await formats[source.format](source, target);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { index, message: error.message, hint: error.hint };
    }
  }
  return undefined;
}
