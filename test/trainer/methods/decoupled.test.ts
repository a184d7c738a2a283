import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireConfig } from '../../../src/core/config/parseConfig.ts';
import type { Run } from '../../../src/core/run/run.ts';
import { createRun, loadRun } from '../../../src/core/run/runStore.ts';
import { createCatalog } from '../../../src/trainer/catalog.ts';
import { runTrainer } from '../../../src/trainer/run/runTrainer.ts';
import { search, useBackend } from '../numbers.ts';
import { metricsOf, readWeights, smallConfig } from '../session.ts';

useBackend('wasm');

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'udi-decoupled-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Trains with this method below `.udi/runs` of the test's folder, so that runs share their cache. */
async function train(method: Record<string, unknown>, lines: Record<string, unknown> = {}): Promise<{ run: Run; weights: unknown }> {
  const folder = createRun(join(root, '.udi', 'runs'), requireConfig(smallConfig({ method, ...lines }), createCatalog(), 'test', { name: 'test' }));
  await runTrainer(folder, { search, cache: true });
  return { run: loadRun(folder).run, weights: readWeights(folder) };
}

/** Ids of the stages that came out of the cache. */
const cached = (run: Run) => run.stages.filter((stage) => stage.ended!.cached).map((stage) => stage.id);
/** All numbers of a run, wherever its stages came from. */
const numbersOf = (run: Run) => metricsOf({ ...run, stages: run.stages.map((stage) => ({ ...stage, ended: { ...stage.ended!, cached: false } })) });

// The order in which a config names the weights must not matter.
const zero = { complementary: 0, consistency: 0 };

describe('decoupled', () => {
  it.each(['sum', 'concat'])('is UDI with alpha (0,0), whose stages it shares (fusion %s)', async (fusion) => {
    const model = { fusion };
    const first = await train({ name: 'udi', alpha: zero }, { model });
    expect(cached(first.run)).toEqual([]);
    const second = await train({ name: 'decoupled' }, { model });
    expect(cached(second.run)).toEqual(first.run.stages.map((stage) => stage.id));
    expect(second.run.stages.filter((stage) => stage.id.startsWith('follower'))).toHaveLength(2);
    expect(numbersOf(second.run)).toEqual(numbersOf(first.run));
    expect(second.weights).toEqual(first.weights);
  });

  it('gives its stages to UDI, and with terms only the unimodal ones', async () => {
    const own = await train({ name: 'decoupled', anchor: 'm2' });
    expect(cached(own.run)).toEqual([]);
    expect(own.run.anchor).toMatchObject({ anchor: 'm2', decidedBy: 'config' });
    expect(cached((await train({ name: 'udi', anchor: 'm2', alpha: zero })).run)).toEqual(own.run.stages.map((stage) => stage.id));
    expect(cached((await train({ name: 'udi', anchor: 'm2' })).run)).toEqual(['unimodal:m1', 'unimodal:m2', 'unimodal:m3']);
  });

  it('has branches that do not know of each other: those of the unimodal method', async () => {
    const training = { epochs: 3, batchSize: 32, learningRate: 0.05, keep: 'last' };
    const own = await train({ name: 'decoupled' }, { training });
    const alone = await train({ name: 'unimodal' }, { training });
    expect(own.weights).toEqual(alone.weights);
    const losses = own.run.stages.flatMap((stage) => stage.epochs.flatMap((epoch) => Object.keys(epoch.losses)));
    expect(losses.filter((name) => name === 'consistency' || name === 'complementary')).toEqual([]);
  });
});
