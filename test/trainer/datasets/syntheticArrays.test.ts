import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/trainer/data/dataset.ts';
import { syntheticArrays } from '../../../src/trainer/datasets/syntheticArrays.ts';
import { completeSettings, loadDataset, valuesOf } from './fixtures.ts';

/** Test accuracy of the class means of the training split. */
async function accuracy({ train, test, classes }: Dataset, modality: string): Promise<number> {
  const [from, inputs] = [await valuesOf(train, modality), await valuesOf(test, modality)];
  const dimension = from.length / train.size;
  const counts = classes.map((_, index) => train.labels.filter((label) => label === index).length);
  const means = classes.map(() => new Float64Array(dimension));
  from.forEach((value, at) => {
    const label = train.labels[Math.floor(at / dimension)]!;
    means[label]![at % dimension]! += value / counts[label]!;
  });
  let right = 0;
  test.labels.forEach((label, row) => {
    const distances = means.map((mean) =>
      mean.reduce((sum, value, at) => sum + (value - inputs[row * dimension + at]!) ** 2, 0));
    if (distances.indexOf(Math.min(...distances)) === label) right++;
  });
  return right / test.size;
}

describe('synthetic arrays', () => {
  it.each([0, 1, 2, 3, 4])('tell less from one modality to the next: m1 is the anchor (seed %i)', async (seed) => {
    const dataset = await loadDataset(syntheticArrays, {}, seed);
    const [first, second, third] = [await accuracy(dataset, 'm1'), await accuracy(dataset, 'm2'), await accuracy(dataset, 'm3')];
    expect(first).toBeGreaterThan(0.85);
    expect(first).toBeGreaterThan(second + 0.05);
    expect(second).toBeGreaterThan(third + 0.05);
    expect(third).toBeGreaterThan(0.25);
  });

  it.each([1, 2, 5])('have any number of modalities: %i', async (modalities) => {
    const dataset = await loadDataset(syntheticArrays, { modalities, dimension: 5, classes: 3, train: 12, test: 4 });
    expect(dataset.modalities).toHaveLength(modalities);
    expect(dataset.modalities.map(({ id }) => id)).toEqual(
      syntheticArrays.modalities(completeSettings(syntheticArrays, { modalities, dimension: 5 }), ''));
    expect(dataset.classes).toEqual(['0', '1', '2']);
    expect([dataset.train.size, dataset.validation.size, dataset.test.size]).toEqual([12, 128, 4]);
    expect(await valuesOf(dataset.train, `m${modalities}`, Int32Array.of(0, 3))).toHaveLength(10);
  });
});
