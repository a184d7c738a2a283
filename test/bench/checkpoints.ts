import * as tf from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checkpoints } from '../../src/trainer/store/checkpoint.ts';

/** What checkpoints cost a loop of short steps. */
export interface CheckpointCost {
  /** Bytes that the checkpoint of every epoch writes. */
  readonly bytesPerEpoch: number;
  /** Longest time between two steps, seconds: in an epoch with nothing to write, and while checkpoints are written. */
  readonly longestStall: { readonly without: number; readonly with: number };
  /** Longest time that the end of an epoch waited for the checkpoint before, seconds. */
  readonly longestSave: number;
  /** Resident memory after every epoch, bytes. */
  readonly memory: readonly number[];
}

const COUNT = 25;

/** Runs epochs of short steps on the active backend, each of which ends with `megabytes` of changed weights. */
export async function measureCheckpoints(megabytes = 500, epochs = 6, steps = 1500): Promise<CheckpointCost> {
  const run = mkdtempSync(join(tmpdir(), 'udi-bench-'));
  mkdirSync(join(run, 'checkpoints'));
  const values = Math.round((megabytes * 1024 ** 2) / 4 / COUNT);
  const variables: Record<string, Variable> = Object.fromEntries(Array.from({ length: COUNT }, (_, index) => [`w${index}`, tf.tidy(() => tf.variable(tf.zeros([values])))]));
  const names = Object.keys(variables);
  const checkpoints = new Checkpoints(run);
  const memory: number[] = [];
  let [without, withWrites, longestSave] = [0, 0, 0];
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      let last = performance.now();
      for (let step = 0; step < steps; step++) {
        await new Promise(setImmediate);
        const stall = (performance.now() - last) / 1000;
        if (epoch === 0) without = Math.max(without, stall); else withWrites = Math.max(withWrites, stall);
        last = performance.now();
        // Every variable changes once in an epoch.
        const name = step % Math.floor(steps / COUNT) === 0 ? names[step / Math.floor(steps / COUNT)] : undefined;
        if (name) tf.tidy(() => variables[name]!.assign(tf.add(variables[name]!, 1)));
        else await new Promise((resolve) => { setTimeout(resolve, 1); });
      }
      const begin = performance.now();
      await checkpoints.save({ finished: [], open: { stage: 'joint', epoch: epoch + 1 } }, { model: variables }, 'same');
      longestSave = Math.max(longestSave, (performance.now() - begin) / 1000);
      memory.push(process.memoryUsage.rss());
    }
    await checkpoints.flush();
    const folder = join(run, 'checkpoints');
    const bytesPerEpoch = readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
    return { bytesPerEpoch, longestStall: { without, with: withWrites }, longestSave, memory };
  } finally {
    tf.dispose(Object.values(variables));
    rmSync(run, { recursive: true, force: true });
  }
}
