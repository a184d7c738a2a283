import * as tf from '@tensorflow/tfjs-core';
import { kmeans } from 'ml-kmeans';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import type { EpochTools } from '../../../src/trainer/methods/method.ts';
import { balancedRows, relearning, relearningShare } from '../../../src/trainer/methods/relearning.ts';
import { purity, scaledRows, separability } from '../../../src/trainer/methods/separability.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { firstStage } from './stages.ts';

const matrix = (rows: readonly (readonly number[])[]) => ({ values: Float32Array.from(rows.flat()), width: rows[0]!.length });

describe('separability', () => {
  it('has the golden purity', () => {
    expect(purity([0, 0, 1, 1, 1, 1, 2, 2, 0, 2], [0, 0, 0, 1, 1, 1, 2, 2, 2, 2])).toBeCloseTo(0.8, 12);
  });

  it('scales every column to [-1, 1], and a constant one to -1', () => {
    expect(scaledRows(matrix([[0, 7, 10], [4, 7, 30], [1, 7, 20]]))).toEqual([[-1, -1, -1], [1, -1, 1], [-0.5, -1, 0]]);
  });

  it('finds clusters that are the classes, whatever the scale of a column, and the same ones again', async () => {
    const random = createRandom(4);
    const labels = Array.from({ length: 60 }, (_, row) => row % 3);
    // The column that tells the classes apart is a thousand times smaller than the one that is noise.
    const apart = matrix(labels.map((label) => [label * 0.01 + 0.0005 * random.normal(), label === 1 ? 5 : 0, 0.5 * random.uniform()]));
    const seedOf = (restart: number) => restart;
    expect(await separability(apart, labels, 3, seedOf)).toBe(1);
    const noise = matrix(labels.map(() => [random.normal(), random.normal()]));
    const first = await separability(noise, labels, 3, seedOf);
    expect(first).toBeLessThan(0.6);
    expect(await separability(noise, labels, 3, seedOf)).toBe(first);
  });

  it('takes the restart with the lowest inertia', async () => {
    const random = createRandom(5);
    const labels = Array.from({ length: 100 }, (_, row) => row % 8);
    const features = matrix(labels.map((label) => [label + 2 * random.normal(), random.normal()]));
    const rows = scaledRows(features);
    const alone = Array.from({ length: 10 }, (_, seed) => {
      const { clusters, centroids } = kmeans(rows, 8, { seed, maxIterations: 300 });
      const inertia = rows.reduce((sum, row, index) => sum + Math.hypot(...row.map((value, column) => value - centroids[clusters[index]!]![column]!)) ** 2, 0);
      return { inertia, purity: purity(clusters, labels) };
    }).sort((left, right) => left.inertia - right.inertia);
    expect(alone[0]!.purity, 'it matters which one is taken').not.toBe(alone.at(-1)!.purity);
    expect(await separability(features, labels, 8, (restart) => restart)).toBe(alone[0]!.purity);
  });

  it('gives the share of the largest class where all features are alike', async () => {
    expect(await separability(matrix([[1, 2], [1, 2], [1, 2], [1, 2]]), [0, 1, 0, 2], 3, () => 1)).toBe(0.5);
  });
});

describe('relearningShare', () => {
  it('has the golden values', () => {
    expectClose([0.05, 0.2, 0.35].map((gap) => relearningShare(gap, 3)), [0.14888503, 0.53704957, 0.78180636], 1e-7, 'a');
    expect(relearningShare(-0.2, 3)).toBe(relearningShare(0.2, 3));
  });
});

describe('balancedRows', () => {
  it('takes as many of every class, as far as there are', () => {
    const labels = [...new Array<number>(50).fill(0), ...new Array<number>(20).fill(1), ...new Array<number>(3).fill(2)];
    const counts = (rows: Int32Array) => [0, 1, 2].map((label) => [...rows].filter((row) => labels[row] === label).length);
    expect(counts(balancedRows(labels, 3, 30, 1))).toEqual([10, 10, 3]);
    expect(new Set(balancedRows(labels, 3, 30, 1)).size).toBe(23);
    expect(balancedRows(labels, 3, 30, 1)).toEqual(balancedRows(labels, 3, 30, 1));
  });
});

describe('relearning', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  /** Features that fall apart into two classes on both splits (b), or on the training split alone (a); purity 1 and 0.5. */
  function toolsWithGap(reads: string[]): EpochTools {
    return {
      classes: 2, learningRate: 0.1, batches: () => [],
      labels: () => [0, 0, 1, 1],
      withBatches: () => { throw new Error('not used'); },
      rehearse: () => { throw new Error('not used'); },
      read: async (split, [modality], _select, rows) => {
        reads.push(`${split}:${modality!}`);
        const apart = modality === 'b' || split === 'train';
        return { features: { width: 1, values: Float32Array.from(rows!, (row) => (apart ? Math.floor(row / 2) : row % 2)) } };
      },
    };
  }

  it('pulls the parameters of each encoder back by its own gap, and nothing else', async () => {
    // A gap of 0.5 with lambda 1.2 is the golden one of 0.2 with lambda 3: from 0.1 + 0.7 to 0.42406530.
    const { model, stage, dispose } = firstStage(relearning, { settings: { lambda: 1.2 } });
    const variables = model.variables();
    const initial = Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, variable.dataSync().slice()]));
    for (const variable of Object.values(variables)) variable.assign(tf.add(variable, 0.7));
    await stage.startEpoch!(3, toolsWithGap([]));
    for (const [name, variable] of Object.entries(variables)) {
      const away = name.startsWith('a.encoder.') ? 0.42406530 - 0.1 : 0.7;
      expectClose(variable.dataSync(), initial[name]!.map((value) => value + away), 1e-5, name, 1e-6);
    }
    expectClose(['a', 'b'].map((modality) => stage.state![`pulledBack.${modality}`]!.dataSync()[0]!), [0.53704957, 0], 1e-5, 'readings');
    dispose();
  });

  it('resets after every fifth or so of the run, three times, and never after its first epoch', async () => {
    const resetsOf = async (epochs: number, resets: number) => {
      const { stage, dispose } = firstStage(relearning, { epochs, settings: { resets } });
      const found: number[] = [];
      for (let epoch = 0; epoch < epochs; epoch++) {
        const reads: string[] = [];
        await stage.startEpoch!(epoch, toolsWithGap(reads));
        if (reads.length === 0) continue;
        found.push(epoch - 1);
        expect(reads.sort(), 'training and validation data, never test').toEqual(['train:a', 'train:b', 'validation:a', 'validation:b']);
      }
      dispose();
      return found;
    };
    expect(await resetsOf(90, 3)).toEqual([20, 40, 60]);
    expect(await resetsOf(10, 3)).toEqual([2, 4, 6]);
    expect(await resetsOf(10, 1)).toEqual([2]);
    expect(await resetsOf(3, 3)).toEqual([1]);
    expect(await resetsOf(1, 3)).toEqual([]);
  });
});
