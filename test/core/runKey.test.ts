import { describe, expect, it } from 'vitest';
import type { Catalog } from '../../src/core/config/catalog.ts';
import type { RunConfig } from '../../src/core/config/config.ts';
import type { HParamSpec } from '../../src/core/config/hparams.ts';
import { requireConfig } from '../../src/core/config/parseConfig.ts';
import { runKeys } from '../../src/core/run/runKey.ts';
import { storedPaths, workspaceOf } from '../../src/core/run/runPaths.ts';
import type { RunMeta } from '../../src/core/run/runStore.ts';
import { recognition } from '../../src/core/study/recognition.ts';
import type { StudyPlan } from '../../src/core/study/studyPlan.ts';
import { catalog } from './catalogFixture.ts';

const text = (root: string, more = '') => `name: a
dataset: { name: cgmnist, root: ${root} }
method: { name: udi${more} }
training: { epochs: 3, seed: 2 }
`;
const configOf = (root: string, more = '', from = catalog) => requireConfig(text(root, more), from, 'a', { name: 'a' });

/** A later version, in which the method of the tests has other settings. */
function later(hparams: Record<string, HParamSpec>): Catalog {
  const methods = catalog.methods.map((method) => (method.id === 'udi' ? { ...method, hparams: { ...method.hparams, ...hparams } } : method));
  return { ...catalog, version: '0.1.0', methods };
}
const momentum = (value: number): Record<string, HParamSpec> => ({ mean: { type: 'number', default: value, help: '' } });

describe('the key of a config', () => {
  it('is that of what differs from the defaults, so that a key which is added to the catalogue changes nothing', () => {
    const [before, after] = [catalog, later(momentum(0.5))];
    const old = configOf('/d');
    const now = configOf('/d', '', after);
    expect(now.method).toMatchObject({ mean: 0.5 });
    expect(runKeys(after)(now, '/w')).toBe(runKeys(before)(old, '/w'));
    // The old run's stored config, which does not have the new key, read by the new version.
    expect(runKeys(after)(old, '/w')).toBe(runKeys(before)(old, '/w'));
    expect(runKeys(after)(configOf('/d', ', mean: 0.6', after), '/w')).not.toBe(runKeys(before)(old, '/w'));
  });

  it('is the same for a config that writes the defaults out, at every depth', () => {
    const key = runKeys(catalog);
    expect(key(configOf('/d', ', anchor: auto, tieTolerance: 1.5, alpha: dynamic'), '/w')).toBe(key(configOf('/d'), '/w'));
    const step = (more: string) => requireConfig(`${text('/d').trimEnd().slice(0, -2)}, schedule: { name: step, every: 2${more} } }`, catalog, 'a', { name: 'a' });
    expect(key(step(', factor: 0.1'), '/w')).toBe(key(step(''), '/w'));
    expect(key(step(', factor: 0.2'), '/w')).not.toBe(key(step(''), '/w'));
    expect(key(step(''), '/w')).not.toBe(key(configOf('/d'), '/w'));
  });

  it('goes with the workspace: paths inside count as they are in there, others as they are', () => {
    const key = runKeys(catalog);
    expect(key(configOf('/old/lab/data'), '/old/lab')).toBe(key(configOf('/new/data'), '/new'));
    expect(key(configOf('data'), '/new')).toBe(key(configOf('/new/data'), '/new'));
    expect(key(configOf('/old/lab2/data'), '/old/lab')).not.toBe(key(configOf('/old/lab/data'), '/old/lab'));
    expect(key(configOf('/d'), '/old/lab')).toBe(key(configOf('/d'), '/new'));
  });
});

describe('stored paths', () => {
  it('are relative only inside the workspace, and nothing lies inside the root folder', () => {
    const stored = (root: string, workspace: string) => storedPaths(configOf(root), catalog, workspace).dataset['root'];
    expect([stored('/w/data/a', '/w'), stored('data', '/w'), stored('/w', '/w'), stored('/w/..data', '/w'), stored('/x/data', '/w'), stored('/x/data', '/')])
      .toEqual(['data/a', 'data', '.', '..data', '/x/data', '/x/data']);
    expect([workspaceOf('/w/.udi/runs'), workspaceOf('/w/results')]).toEqual(['/w', '/w']);
  });
});

describe('a run of a study', () => {
  const place = { file: '/new/s/a.udi-study.yaml', runs: '/new/.udi/runs' };
  const planFor = (config: RunConfig, from: Catalog, key = runKeys(from)(config, '/new')): StudyPlan =>
    ({ format: 1, name: 'a', tables: [], runs: [{ key, label: 'a', config: storedPaths(config, from, '/new') }] });
  const recognised = (plan: StudyPlan, from: Catalog, run: { key: string; config?: RunConfig; version?: string; meta?: RunMeta }) =>
    recognition(plan, place, from)({ meta: { study: { id: 'a', key: run.key }, ...run.meta }, version: run.version ?? catalog.version, config: () => run.config }) !== undefined;

  it('is recognised by its config where its key was computed in another way', () => {
    const plan = planFor(configOf('/new/data'), later({}));
    // As the first version stored it: a hash of the complete config, and absolute paths.
    expect(recognised(plan, later({}), { key: 'f'.repeat(64), config: configOf('/new/data') })).toBe(true);
    expect(recognised(plan, later({}), { key: 'f'.repeat(64), config: configOf('/new/other') })).toBe(false);
    // And the plan of that version, which is still there.
    expect(recognised(planFor(configOf('/new/data'), later({}), 'f'.repeat(64)), later({}), { key: 'f'.repeat(64), config: configOf('/old/data') })).toBe(true);
  });

  it('is recognised where the workspace was moved after a version that stored absolute paths', () => {
    const plan = planFor(configOf('/new/data'), catalog);
    const run = { key: 'f'.repeat(64), config: configOf('/old/lab/data') };
    expect(recognised(plan, catalog, { ...run, meta: { configFile: '/old/lab/s/a.udi-study.yaml' } })).toBe(true);
    expect(recognised(plan, catalog, { ...run, meta: { configFile: '/old/lab/s/b.udi-study.yaml' } })).toBe(false);
  });

  it('is none of the plan any more when a default has changed, unless the study asks for the old value', () => {
    const [before, after] = [later(momentum(0.5)), { ...later(momentum(0.9)), version: '0.2.0' }];
    const old = configOf('/new/data', '', before);
    const run = { key: runKeys(before)(old, '/new'), version: before.version, config: old };
    expect(recognised(planFor(configOf('/new/data', '', before), before), before, run)).toBe(true);
    const changed = planFor(configOf('/new/data', '', after), after);
    expect(changed.runs[0]!.key).toBe(run.key);
    expect(recognised(changed, after, run)).toBe(false);
    expect(recognised(planFor(configOf('/new/data', ', mean: 0.5', after), after), after, run)).toBe(true);
    // The plan as it was stored then is still what its runs are.
    expect(recognised(planFor(old, before), after, run)).toBe(true);
  });

  it('counts by the key that it has noted where its config cannot be read', () => {
    const plan = planFor(configOf('/new/data'), catalog);
    expect(recognised(plan, catalog, { key: plan.runs[0]!.key, version: 'other' })).toBe(true);
    expect(recognised(plan, catalog, { key: 'else', version: 'other' })).toBe(false);
  });
});
