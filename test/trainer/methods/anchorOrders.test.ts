import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireConfig } from '../../../src/core/config/parseConfig.ts';
import type { Run } from '../../../src/core/run/run.ts';
import { createRun, loadRun } from '../../../src/core/run/runStore.ts';
import { createCatalog } from '../../../src/trainer/catalog.ts';
import { methods } from '../../../src/trainer/methods/index.ts';
import { runTrainer } from '../../../src/trainer/run/runTrainer.ts';
import { search, useBackend } from '../numbers.ts';
import { metricsOf, readWeights, smallConfig, trainHere, trainInPieces } from '../session.ts';

useBackend('wasm');

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'udi-anchor-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

const anchored = methods.filter((method) => 'anchor' in method.hparams && method.stageKinds.includes('follower'));
const modalitiesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index + 1}`);
/** Only `concat` has weights that know an order; of the other fusions, three modalities say as much as all numbers. */
const cases = anchored.flatMap(({ id }) => ([['concat', 2], ['concat', 3], ['concat', 4], ['sum', 3], ['mean', 3]] as const).flatMap(([fusion, count]) =>
  modalitiesOf(count).map((anchor) => ({ id, fusion, count, anchor }))));

/** Trains a config below the test's folder, with its stage cache. */
async function trainWithCache(config: string): Promise<{ run: Run; weights: unknown }> {
  const folder = createRun(join(root, '.udi', 'runs'), requireConfig(config, createCatalog(), 'test', { name: 'test' }));
  await runTrainer(folder, { search, cache: true });
  return { run: loadRun(folder).run, weights: readWeights(folder) };
}

describe('an anchor that is not the first modality', () => {
  it('is possible with every method that has followers', () => {
    expect(anchored.map(({ id }) => id)).toEqual(['decoupled', 'udi']);
  });

  it.each(cases)('$id, $fusion, anchor $anchor of $count: trains, is tested, resumes and shares its stages', async ({ id, fusion, count, anchor }) => {
    const config = smallConfig({
      method: { name: id, anchor }, model: { fusion }, training: { epochs: 1, batchSize: 24, learningRate: 0.05 },
      dataset: { name: 'synthetic-arrays', modalities: count, train: 48, validation: 24, test: 24 },
    });
    const calm = await trainHere(config);
    expect(calm.run.anchor!.order[0]).toBe(anchor);
    expect(Object.keys(calm.run.test!).sort()).toEqual(['fusion', ...modalitiesOf(count)]);
    const pieces = await trainInPieces(config);
    expect(metricsOf(pieces.run), 'stopped after every epoch').toEqual(metricsOf(calm.run));
    expect(pieces.weights).toEqual(calm.weights);
    await trainWithCache(config);
    const taken = await trainWithCache(config);
    expect(taken.run.stages.filter((stage) => !stage.ended?.cached), 'stages that were trained again').toEqual([]);
    expect(taken.run.test, 'from the cache').toEqual(calm.run.test);
    expect(taken.weights).toEqual(calm.weights);
  });
});
