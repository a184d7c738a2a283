import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { emptyClassesNote } from '../../../src/trainer/data/emptyClasses.ts';
import { inMemory } from '../../../src/trainer/data/inMemory.ts';
import { smallConfig, trainHere } from '../session.ts';
import { idxBytes, temporaryFolder } from './fixtures.ts';

describe('classes without training samples', () => {
  it('are named, and at most ten of them', () => {
    const note = (labels: number[], classes: number) => emptyClassesNote(
      { classes: Array.from({ length: classes }, (_, index) => `c${index}`), train: inMemory({ modalities: [], labels: Int32Array.from(labels), inputs: () => new Float32Array() }) });
    expect(note([0, 1, 2, 1], 3)).toBeUndefined();
    expect(note([0, 2], 4)).toMatch(/^2 of 4 classes have no training samples \(c1, c3\);/);
    expect(note([3], 20)).toMatch(/^19 of 20 classes .* \(c0, c1, c2, c4, c5, c6, c7, c8, c9, c10, …\)/);
  });

  it('are a note of the run', async () => {
    const root = await temporaryFolder();
    for (const name of ['train', 't10k']) {
      writeFileSync(path.join(root, `${name}-images-idx3-ubyte`), idxBytes([40, 28, 28], new Uint8Array(40 * 784).fill(9)));
      writeFileSync(path.join(root, `${name}-labels-idx1-ubyte`), idxBytes([40], new Uint8Array(40).fill(7)));
    }
    const { run } = await trainHere(smallConfig({
      dataset: { name: 'cgmnist', root, validation: 0.5 }, method: { name: 'sum' }, training: { epochs: 1, batchSize: 20 },
    }));
    expect(run.notes).toEqual([expect.stringMatching(/^9 of 10 classes have no training samples \(0, 1, 2, 3, 4, 5, 6, 8, 9\)/) as string]);
  });
});
