import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireConfig } from '../../src/core/config/parseConfig.ts';
import { createRun, loadRun } from '../../src/core/run/runStore.ts';
import type { Run } from '../../src/core/run/run.ts';
import { createCatalog } from '../../src/trainer/catalog.ts';
import { runTrainer } from '../../src/trainer/run/runTrainer.ts';
import { cacheFolder, StageCache, type StageOutcome } from '../../src/trainer/store/stageCache.ts';
import { search, useBackend } from './numbers.ts';
import { metricsOf, readWeights, smallConfig } from './session.ts';

useBackend('wasm');

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'udi-cache-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

const score = { accuracy: 0.5, f1: 0.5, loss: 1, entropy: 1 };
const outcome = (value: number, size = 4): StageOutcome => ({
  run: 'run', epochs: [{ seq: 3, time: 1, type: 'epoch', stage: 'joint', epoch: 1, epochs: 1, losses: { total: value }, validation: { fusion: score }, learningRate: 0.1, seconds: 1, samplesPerSecond: 1 }],
  ended: { keptEpoch: 1, reason: 'completed', validation: { fusion: score } },
  tensors: { 'model/w': { shape: [size], values: new Float32Array(size).fill(value) } },
});
const store = (cache: StageCache, key: string, { tensors, ...rest }: StageOutcome) => cache.write(key, rest, Object.entries(tensors).map(([name, { shape, values }]) => (
  { name, shape, values: () => Promise.resolve(values as Float32Array) })));
const key = (digit: string): string => digit.repeat(64);
const never = (): boolean => false;

describe('StageCache', () => {
  it('gives back what was stored, and nothing else', async () => {
    const cache = new StageCache(join(root, 'cache'));
    expect(cache.read(key('a'))).toBeUndefined();
    await store(cache, key('a'), outcome(1));
    expect(cache.read(key('a'))).toEqual(outcome(1));
    expect(cache.read(key('b'))).toBeUndefined();
    await store(cache, key('a'), outcome(2));
    expect(cache.read(key('a')), 'the first outcome stays').toEqual(outcome(1));
    expect(readdirSync(cache.folder)).toEqual([key('a')]);
  });

  it('removes a damaged entry instead of using it', async () => {
    const cache = new StageCache(join(root, 'cache'));
    await store(cache, key('a'), outcome(1));
    writeFileSync(join(cache.folder, key('a'), 'tensors.safetensors'), 'torn');
    expect(cache.read(key('a'))).toBeUndefined();
    expect(readdirSync(cache.folder)).toEqual([]);
  });

  it('leaves an entry that cannot be read now as it is', async () => {
    const cache = new StageCache(join(root, 'cache'));
    await store(cache, key('a'), outcome(1));
    const tensors = join(cache.folder, key('a'), 'tensors.safetensors');
    // An error of the disk (EISDIR) in place of EIO, EACCES or EMFILE, which cannot be had at will.
    renameSync(tensors, join(root, 'kept'));
    mkdirSync(tensors);
    expect(cache.read(key('a'))).toBeUndefined();
    expect(readdirSync(cache.folder)).toEqual([key('a')]);
    rmSync(tensors, { recursive: true });
    renameSync(join(root, 'kept'), tensors);
    expect(cache.read(key('a'))).toEqual(outcome(1));
  });

  it('makes room by removing what was not used for longest', async () => {
    const size = 1000;
    const cache = new StageCache(join(root, 'cache'), 2.5 * 4 * size);
    for (const [index, digit] of ['a', 'b'].entries()) {
      await store(cache, key(digit), outcome(1, size));
      utimesSync(join(cache.folder, key(digit)), index, index);
    }
    cache.read(key('a'));
    await store(cache, key('c'), outcome(1, size));
    expect(readdirSync(cache.folder).sort()).toEqual([key('a'), key('c')]);
    expect(cache.clear().entries).toBe(2);
    expect(cache.size()).toEqual({ entries: 0, bytes: 0 });
  });

  it('lets one trainer claim a stage; a dead owner and one that stands still lose it', () => {
    const cache = new StageCache(join(root, 'cache'));
    const release = cache.claim(key('a'), never)!;
    expect(cache.claim(key('a'), never)).toBeUndefined();
    release();
    cache.claim(key('a'), never)!;
    const lock = join(cache.folder, `${key('a')}.lock`);
    utimesSync(lock, 0, 0);
    expect(cache.claim(key('a'), never), 'not renewed for long').toBeDefined();
    writeFileSync(lock, JSON.stringify({ pid: process.pid, start: 'another process with this pid' }));
    const second = cache.claim(key('a'), never)!;
    expect(second, 'dead owner').toBeDefined();
    const other = JSON.stringify({ pid: 1, start: 'x', host: 'gpu3', boot: '00000000-1111-2222-3333-444444444444' });
    writeFileSync(lock, other);
    expect(cache.claim(key('a'), never), 'on another machine').toBeUndefined();
    second();
    expect(readFileSync(lock, 'utf8'), 'who has lost the stage leaves the claim of the other alone').toBe(other);
    utimesSync(lock, 0, 0);
    cache.claim(key('a'), never)!();
    expect(readdirSync(cache.folder), 'nothing is left behind').toEqual([]);
  });
});

/** Trains a config below `.udi/runs` of the test's folder, so that runs share their cache. */
async function train(lines: Record<string, unknown>, cache = true): Promise<{ run: Run; weights: unknown }> {
  const runs = join(root, '.udi', 'runs');
  const folder = createRun(runs, requireConfig(smallConfig(lines), createCatalog(), 'test', { name: 'test' }));
  await runTrainer(folder, { search, cache });
  const { run } = loadRun(folder);
  expect(run.ended).toEqual({ state: 'finished' });
  return { run, weights: readWeights(folder) };
}

/** Ids of the stages that came out of the cache. */
function cached(run: Run): string[] {
  return run.stages.filter((stage) => stage.ended!.cached).map((stage) => stage.id);
}

/** All numbers of a run, wherever its stages came from. */
function numbersOf(run: Run): unknown {
  return metricsOf({ ...run, stages: run.stages.map((stage) => ({ ...stage, ended: { ...stage.ended!, cached: false } })) });
}

describe('runs with a cache', () => {
  it.each(['sum', 'concat'])('give the same numbers and weights as without (fusion %s)', async (fusion) => {
    const lines = { method: { name: 'udi' }, model: { fusion } };
    const alone = await train(lines, false);
    const first = await train(lines);
    expect(cached(first.run)).toEqual([]);
    const second = await train(lines);
    expect(cached(second.run)).toEqual(second.run.stages.map((stage) => stage.id));
    for (const each of [first, second]) {
      expect(numbersOf(each.run)).toEqual(numbersOf(alone.run));
      expect(each.weights).toEqual(alone.weights);
    }
    const seconds = (run: Run) => run.stages.flatMap((stage) => stage.epochs.map((epoch) => epoch.seconds));
    expect(seconds(second.run), 'the cost of a stage is what it took to train').toEqual(seconds(first.run));
  });

  it('share the unimodal stages of ablations, and nothing that differs', async () => {
    await train({ method: { name: 'udi', anchor: 'm1' } });
    const unimodal = ['unimodal:m1', 'unimodal:m2', 'unimodal:m3'];
    expect(cached((await train({ method: { name: 'unimodal' } })).run)).toEqual(unimodal);
    expect(cached((await train({ method: { name: 'udi', anchor: 'm2' } })).run)).toEqual(unimodal);
    expect(cached((await train({ method: { name: 'udi', anchor: 'm1', estimatorWidth: 32 } })).run)).toEqual(unimodal);
    const { anchor } = (await train({ method: { name: 'udi' } })).run.anchor!;
    expect(cached((await train({ method: { name: 'udi', anchor } })).run), 'auto and the anchor it chose are one').toHaveLength(5);
    const training = { epochs: 3, batchSize: 32, learningRate: 0.05 };
    for (const change of [{ seed: 1 }, { learningRate: 0.04 }, { epochs: 2 }, { keep: 'last' }, { weightDecay: 0 }]) {
      expect(cached((await train({ method: { name: 'unimodal' }, training: { ...training, ...change } })).run), JSON.stringify(change)).toEqual([]);
    }
    expect(cached((await train({ method: { name: 'unimodal' }, dataset: { name: 'synthetic-arrays', train: 97, validation: 48, test: 48 } })).run)).toEqual([]);
  });

  it('wait for a stage that another trainer is at, and take it', async () => {
    const lines = { method: { name: 'unimodal' }, training: { epochs: 8, batchSize: 8, learningRate: 0.05 } };
    const runs = await Promise.all([train(lines), train(lines)]);
    expect(runs[0]!.weights).toEqual(runs[1]!.weights);
    for (const id of ['unimodal:m1', 'unimodal:m2', 'unimodal:m3']) {
      expect(runs.filter(({ run }) => cached(run).includes(id)), `${id} is trained once`).toHaveLength(1);
    }
  });

  it('train what cannot be stored, and say so', async () => {
    const folder = cacheFolder(join(root, '.udi', 'runs', 'x'));
    mkdirSync(join(root, '.udi'), { recursive: true });
    writeFileSync(folder, 'a file where the folder should be');
    const { run } = await train({ method: { name: 'sum' } });
    expect(run.notes.join()).toMatch(/joint was not added to the stage cache/);
  });
});
