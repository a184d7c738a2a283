import { describe, expect, it } from 'vitest';
import type { RunConfig } from '../../../src/core/config/config.ts';
import { coresOf } from '../../../src/trainer/study/parallel.ts';
import { kindOf, needOf, schedule, type Situation } from '../../../src/trainer/study/scheduler.ts';

const config = (method: string, settings: { limit?: number; batchSize?: number; seed?: number; epochs?: number } = {}): RunConfig => ({
  name: 'a', dataset: { name: 'cgmnist', limit: settings.limit ?? 1000 }, method: { name: method }, model: { fusion: 'sum' }, device: 'auto',
  training: {
    epochs: settings.epochs ?? 1, batchSize: settings.batchSize ?? 64, learningRate: 0.1, momentum: 0.9, weightDecay: 0,
    schedule: { name: 'constant' }, keep: 'best', seed: settings.seed ?? 0,
  },
});
const small = kindOf(config('sum'));
const large = kindOf(config('udi'));
const MiB = 1024 ** 2;
const peaks = new Map([[small, 100 * MiB], [large, 500 * MiB]]);
const queue = (...kinds: string[]) => kinds.map((kind, index) => ({ key: `k${index}`, kind }));
const decide = (situation: Partial<Situation>) => schedule({ queue: [], open: [], peaks, available: 10_000 * MiB, parallel: 4, ...situation });

describe('schedule', () => {
  it('starts runs in order, as many as may run side by side', () => {
    expect(decide({ queue: queue(small, large, small), parallel: 2 })).toEqual({ start: ['k0', 'k1'], waiting: [] });
    expect(decide({ queue: queue(small, large), open: queue(small), parallel: 2 }).start).toEqual(['k0']);
    expect(decide({ queue: queue(small), open: queue(small, small, small), parallel: 2 })).toEqual({ start: [], waiting: [] });
  });

  it('counts what the runs that it starts now will take', () => {
    expect(decide({ queue: queue(small, small, small), available: 250 * MiB }).start).toEqual(['k0', 'k1']);
  });

  it('leaves room for what open runs may still grow to', () => {
    const open = [{ key: 'o', kind: large, memory: 300 * MiB }];
    expect(decide({ queue: queue(small), open, available: 300 * MiB }).start).toEqual(['k0']);
    expect(decide({ queue: queue(small), open, available: 299 * MiB }).start).toEqual([]);
    // More than the largest so far: nothing is known about how it goes on, and nothing is given back.
    expect(decide({ queue: queue(small), open: [{ key: 'o', kind: large, memory: 600 * MiB }], available: 99 * MiB }).start).toEqual([]);
    // Where the system does not say what a process takes, its whole peak counts.
    expect(decide({ queue: queue(small), open: queue(large), available: 599 * MiB }).start).toEqual([]);
  });

  it('lets smaller runs overtake one that does not fit, and says why it waits, once for each kind', () => {
    const { start, waiting } = decide({ queue: queue(large, large, small, small), open: queue(small), available: 350 * MiB });
    expect(start).toEqual(['k2', 'k3']);
    expect(waiting).toEqual([{ key: 'k0', cause: 'memory', reason: expect.stringMatching(/udi on cgmnist in batches of 64 takes 500 MiB, and 250 MiB are left/) as string }]);
  });

  it('always starts one when nothing runs, even if it cannot fit', () => {
    expect(decide({ queue: queue(large, large), available: 0 })).toMatchObject({ start: ['k0'], waiting: [{ key: 'k1', cause: 'memory' }] });
  });

  it('starts runs of unmeasured kinds one at a time beside others', () => {
    const [first, second] = [kindOf(config('pmr')), kindOf(config('agm'))];
    expect(decide({ queue: queue(first, second, small) })).toMatchObject({ start: ['k0', 'k2'], waiting: [{ key: 'k1', cause: 'unmeasured' }] });
    expect(decide({ queue: queue(first), open: queue(small) }).start).toEqual(['k0']);
    expect(decide({ queue: queue(first), open: queue(second) }).start).toEqual([]);
    expect(decide({ queue: queue(first, first) })).toMatchObject({ start: ['k0'], waiting: [{ key: 'k1', cause: 'unmeasured' }] });
  });
});

describe('a run that waits for a stage of another one', () => {
  const waiting = (count: number, kind = small) => Array.from({ length: count }, (_, index) => ({ key: `w${index}`, kind, waits: true }));

  it('leaves its place to the next, so that two that wait for each other\'s stages never stand still together', () => {
    expect(decide({ queue: queue(small, small), open: [...queue(small), ...waiting(1)], parallel: 2 }).start).toEqual(['k0']);
    expect(decide({ queue: queue(small, small, small), open: waiting(2), parallel: 2 }).start).toEqual(['k0', 'k1']);
  });

  it('is not joined by more than as many again, nor by one that does not fit beside it', () => {
    expect(decide({ queue: queue(small), open: [...queue(small), ...waiting(3)], parallel: 2 }).start).toEqual([]);
    expect(decide({ queue: queue(small), open: waiting(4), parallel: 2 }).start).toEqual([]);
    expect(decide({ queue: queue(large), open: waiting(1), parallel: 2, available: 400 * MiB })).toMatchObject({ start: [], waiting: [{ key: 'k0', cause: 'memory' }] });
  });

  it('does not keep those of other kinds waiting for its first epoch', () => {
    const [first, second] = [kindOf(config('pmr')), kindOf(config('agm'))];
    expect(decide({ queue: queue(first), open: waiting(1, second), parallel: 2 }).start).toEqual(['k0']);
  });
});

describe('the kind of a run', () => {
  it('depends on what decides about memory, and on nothing else', () => {
    expect(kindOf(config('udi', { seed: 3, epochs: 9 }))).toBe(large);
    const others = [config('sum'), config('udi', { limit: 2000 }), config('udi', { batchSize: 128 })].map(kindOf);
    expect(new Set([large, ...others]).size).toBe(4);
  });
});

describe('needOf', () => {
  it('follows what lives, resumes what was cut off, and tries a failed run anew', () => {
    expect(['running', 'paused', 'stopped', 'cancelled', 'interrupted'].map((state) => needOf(state as 'running', true))).toEqual(Array(5).fill('attach'));
    expect(['stopped', 'cancelled', 'interrupted'].map((state) => needOf(state as 'stopped', false))).toEqual(Array(3).fill('resume'));
    expect([needOf('failed', false), needOf('missing', false)]).toEqual(['create', 'create']);
    expect([needOf('finished', false), needOf('finished', true)]).toEqual(['nothing', 'nothing']);
  });
});

describe('coresOf', () => {
  it('counts cores, not hardware threads, over all sockets', () => {
    const processor = (socket: number, core: number) => `processor\t: 0\nphysical id\t: ${socket}\nsiblings\t: 4\ncore id\t\t: ${core}\n`;
    expect(coresOf([processor(0, 0), processor(0, 1), processor(0, 0), processor(0, 1)].join('\n'))).toBe(2);
    expect(coresOf([processor(0, 0), processor(1, 0)].join('\n'))).toBe(2);
    expect(coresOf('processor\t: 0\nBogoMIPS\t: 50.00\n')).toBeUndefined();
  });
});
