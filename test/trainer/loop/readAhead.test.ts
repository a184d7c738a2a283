import { describe, expect, it } from 'vitest';
import { evaluationBatch } from '../../../src/trainer/loop/readSplit.ts';
import { READ_AHEAD, readAhead } from '../../../src/trainer/loop/readAhead.ts';
import { digitModalities } from '../../../src/trainer/datasets/coloredDigits.ts';

/** Reads that end when the test says so, and what became of them. */
function heldReads() {
  const started: number[] = [];
  const released: number[] = [];
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  const read = (place: number) => {
    started.push(place);
    return new Promise<{ place: number; release: () => void }>((resolve, reject) => {
      ends.set(place, { resolve: () => resolve({ place, release: () => released.push(place) }), reject });
    });
  };
  return { started, released, end: (place: number) => ends.get(place)!.resolve(), fail: (place: number) => ends.get(place)!.reject(new Error(`read ${place}`)), read };
}

describe('reading ahead', () => {
  const places = Array.from({ length: 10 }, (_, index) => index);

  it('gives what was read in order, whatever was ready first, and never reads further ahead than it may', async () => {
    const reads = heldReads();
    const ahead = readAhead(places, reads.read);
    const first = ahead.next();
    expect(reads.started).toEqual(places.slice(0, READ_AHEAD + 1));
    for (const place of [3, 2, 1, 0]) reads.end(place);
    expect((await first).value).toMatchObject({ place: 0 });
    expect(reads.started).toHaveLength(READ_AHEAD + 1);
    expect((await ahead.next()).value).toMatchObject({ place: 1 });
    expect(reads.started).toHaveLength(READ_AHEAD + 2);
    reads.end(4);
    await ahead.return();
    expect(reads.released).toEqual([2, 3, 4]);
  });

  it('reports an error when its turn comes, and releases what nobody will ask for', async () => {
    const reads = heldReads();
    const ahead = readAhead(places, reads.read);
    const first = ahead.next();
    reads.fail(1);
    for (const place of [0, 2, 3, 4]) if (place < 4) reads.end(place);
    expect((await first).value).toMatchObject({ place: 0 });
    const second = ahead.next();
    reads.end(4);
    await expect(second).rejects.toThrow('read 1');
    expect(reads.released).toEqual([2, 3, 4]);
    expect(await ahead.next()).toEqual({ done: true, value: undefined });
  });
});

describe('samples that are evaluated at once', () => {
  it('are 250 small ones, fewer large ones, one at least', () => {
    expect(evaluationBatch(digitModalities)).toBe(250);
    const clip = { id: 'video', kind: 'clip', shape: [3, 224, 224, 3], dtype: 'float32', augments: true, encoder: 'mlp' } as const;
    expect(evaluationBatch([clip])).toBe(18);
    expect(evaluationBatch([{ ...clip, shape: [null, 224, 224, 3], longest: 300 }])).toBe(1);
  });
});
