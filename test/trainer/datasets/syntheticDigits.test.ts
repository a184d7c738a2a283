import { describe, expect, it } from 'vitest';
import { syntheticDigits } from '../../../src/trainer/datasets/syntheticDigits.ts';
import { allRows, countClasses, loadDataset, valuesOf } from './fixtures.ts';

const few = { train: 200, validation: 50, test: 50 };

describe('synthetic digits', () => {
  it('have balanced classes in shuffled order', async () => {
    const { train } = await loadDataset(syntheticDigits, few);
    expect(countClasses(train.labels, 10)).toEqual(new Array(10).fill(20));
    expect(new Set(train.labels.slice(0, 10)).size).toBeGreaterThan(3);
  });

  it('look like ink on black: a tenth to a third inked, nothing at the border', async () => {
    const { train } = await loadDataset(syntheticDigits, few);
    const inputs = await valuesOf(train, 'gray');
    const black = inputs.reduce((least, value) => Math.min(least, value), 9);
    const inked = inputs.filter((value) => value > black + 0.1).length / inputs.length;
    expect(inked).toBeGreaterThan(0.08);
    expect(inked).toBeLessThan(0.3);
    const onBorder = inputs.filter((value, at) => at % 28 === 0 && value > black + 0.1).length;
    expect(onBorder).toBeLessThan(train.size / 5);
  });

  it('can be told apart by their mean images when they are printed, and less well when distorted', async () => {
    const accuracy = async (distortion: number) => {
      const { train, test } = await loadDataset(syntheticDigits, { ...few, train: 1000, test: 300, distortion });
      return nearestMeanAccuracy(await valuesOf(train, 'gray'), train.labels, await valuesOf(test, 'gray'), test.labels);
    };
    const [printed, written] = [await accuracy(0), await accuracy(1)];
    expect(printed).toBeGreaterThan(0.95);
    expect(written).toBeGreaterThan(0.5);
    expect(written).toBeLessThan(0.95);
  });

  it('have colors that tell the class in training only', async () => {
    const { train, validation, test } = await loadDataset(syntheticDigits, { ...few, variance: 0 });
    for (const [split, least, most] of [[train, 1, 1], [validation, 3, 10], [test, 3, 10]] as const) {
      const rows = allRows(split).filter((row) => split.labels[row] === 5);
      // The share of red in all ink is the same for all digits of one color and one digit class, but for rounding.
      const hues = new Set(await Promise.all(Array.from(rows, async (row) => {
        const image = await valuesOf(split, 'color', Int32Array.of(row));
        const sum = (channel: number, mean: number, deviation: number) =>
          image.reduce((total, value, at) => (at % 3 === channel ? total + value * deviation + mean : total), 0);
        return Math.round((10 * sum(0, 0.4914, 0.2023)) / (sum(0, 0.4914, 0.2023) + sum(2, 0.4465, 0.201)));
      })));
      expect(hues.size).toBeGreaterThanOrEqual(least);
      expect(hues.size).toBeLessThanOrEqual(most);
    }
  });
});

function nearestMeanAccuracy(from: Float32Array, labels: Int32Array, inputs: Float32Array, wanted: Int32Array): number {
  const means = Array.from({ length: 10 }, () => new Float64Array(784));
  from.forEach((value, at) => { means[labels[Math.floor(at / 784)]!]![at % 784]! += (value * 10) / labels.length; });
  let right = 0;
  wanted.forEach((label, row) => {
    const distances = means.map((mean) =>
      mean.reduce((sum, value, at) => sum + (value - inputs[row * 784 + at]!) ** 2, 0));
    if (distances.indexOf(Math.min(...distances)) === label) right++;
  });
  return right / wanted.length;
}
