import { join } from 'node:path';
import { pool } from 'workerpool';
import { type ReadFailure, type ReadItem, readItems } from './task.ts';

/** Whoever reads the samples of a dataset's files. */
export interface Readers {
  readonly count: number;
  /** Reads all items; the failure is that of the first item that has one, whoever read it. */
  read(items: readonly ReadItem[]): Promise<ReadFailure | undefined>;
  close(): Promise<void>;
}

/** Readers in this many worker threads, or in this one if there are none; `distFolder` holds the bundle of the worker. */
export function createReaders(count: number, distFolder: string): Readers {
  if (count === 0) return { count, read: readItems, close: () => Promise.resolve() };
  const workers = pool(join(distFolder, 'readWorker.cjs'), { workerType: 'thread', maxWorkers: count });
  return {
    count,
    read: async (items) => {
      const size = Math.ceil(items.length / count);
      const starts = Array.from({ length: Math.ceil(items.length / Math.max(1, size)) }, (_, index) => index * size);
      const failures = await Promise.all(starts.map(async (start) => {
        const failure = await workers.exec('readItems', [items.slice(start, start + size)]) as ReadFailure | undefined;
        return failure && { ...failure, index: start + failure.index };
      }));
      return failures.find((failure) => failure !== undefined);
    },
    close: async () => { await workers.terminate(true); },
  };
}
