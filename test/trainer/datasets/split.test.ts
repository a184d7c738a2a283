import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { allocate, holdOut, stratifiedSubset } from '../../../src/trainer/data/split.ts';
import { countClasses } from './fixtures.ts';

const mnist = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949];

describe('allocate', () => {
  it('gives every class its proportion, to the sum', () => {
    for (const total of [10, 2000, 10_000, 54_000, 60_000]) {
      const shares = allocate(mnist, total);
      expect(shares.reduce((a, b) => a + b)).toBe(total);
      shares.forEach((share, digit) => expect(Math.abs(share - (mnist[digit]! * total) / 60_000)).toBeLessThan(1));
    }
    expect(allocate(mnist, 10)).toEqual(new Array(10).fill(1));
    expect(allocate(mnist, 60_000)).toEqual(mnist);
    expect(allocate([3, 0, 3], 3)).toEqual([2, 0, 1]);
  });
});

describe('holdOut', () => {
  const labels = Uint8Array.from(mnist.flatMap((count, digit) => new Array<number>(count / 100 | 0).fill(digit)));
  const classesOf = (rows: Int32Array) => countClasses(Array.from(rows, (row) => labels[row]!), 10);

  it('parts all rows into two stratified sets', () => {
    const { kept, heldOut } = holdOut(labels, 10, 60, createRandom(1));
    expect(heldOut).toHaveLength(60);
    expect([...kept, ...heldOut].sort((a, b) => a - b)).toEqual(Array.from(labels, (_, row) => row));
    expect(classesOf(heldOut)).toEqual(allocate(countClasses(labels, 10), 60));
  });

  it('shuffles: neither part is sorted by class', () => {
    const { kept, heldOut } = holdOut(labels, 10, 60, createRandom(1));
    expect(new Set(classesOf(kept.slice(0, 100)).map((count) => count > 0))).toEqual(new Set([true]));
    expect([...heldOut]).not.toEqual([...heldOut].sort((a, b) => a - b));
  });

  it('repeats with the seed and differs without', () => {
    expect(holdOut(labels, 10, 60, createRandom(1))).toEqual(holdOut(labels, 10, 60, createRandom(1)));
    expect(holdOut(labels, 10, 60, createRandom(1))).not.toEqual(holdOut(labels, 10, 60, createRandom(2)));
  });

  it('lets a subset keep proportions and order', () => {
    const { kept } = holdOut(labels, 10, 60, createRandom(1));
    const subset = stratifiedSubset(kept, labels, 10, 100);
    expect(classesOf(subset)).toEqual(allocate(classesOf(kept), 100));
    const places = Array.from(subset, (row) => kept.indexOf(row));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(stratifiedSubset(kept, labels, 10, kept.length)).toEqual(kept);
  });
});
