import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Catalog } from '../../src/core/config/catalog.ts';
import { parseConfig } from '../../src/core/config/parseConfig.ts';
import { expandPath, thisMachine, type Machine } from '../../src/core/config/paths.ts';
import { parseStudy } from '../../src/core/study/parseStudy.ts';
import { catalog as plain } from './catalogFixture.ts';

const [cgmnist, ...others] = plain.datasets;
const catalog: Catalog = {
  ...plain, datasets: [{ ...cgmnist!, settings: { ...cgmnist!.settings, root: { type: 'path', mustBe: 'folder', help: 'Folder.' } } }, ...others],
};
const machine: Machine = { home: '/home/me', env: { DATA: '/data', EMPTY: '' } };
const config = (root: string) => `dataset: { name: cgmnist, root: ${JSON.stringify(root)} }\nmethod: { name: udi }\ntraining: { epochs: 1 }\n`;

describe('paths', () => {
  it.each([
    ['~', '/home/me'], ['~/mnist', '/home/me/mnist'], ['${DATA}/mnist', '/data/mnist'], ['/x/${DATA}', '/x//data'], ['./a~b', './a~b'], ['a/~/b', 'a/~/b'],
    ['100%', '100%'], ['a$1 #2', 'a$1 #2'], ['$UNKNOWN/x', '$UNKNOWN/x'], ['./~x', './~x'], ['C:\\data', 'C:\\data'],
  ])('%s is %s', (text, path) => {
    expect(expandPath(text, machine)).toEqual({ path });
  });

  it.each([
    ['${NOWHERE}/x', 'The variable NOWHERE is not set'], ['${EMPTY}/x', 'The variable EMPTY is not set'], ['${oc.env:DATA}/x', 'Write ${DATA} for ${oc.env:DATA}'],
    ['${env:DATA}', 'Write ${DATA}'], ['${DATA:-/x}', 'no variable of the environment'], ['${DATA/x', 'not closed'], ['$DATA/x', 'Write ${DATA}'],
    ['%DATA%/x', 'Write ${DATA}'], ['~other/x', './~other'],
  ])('%s is refused with a hint', (text, problem) => {
    expect(expandPath(text, machine).problem).toContain(problem);
  });

  it('are expanded when a config is read, and stay as they are in a stored one', () => {
    const read = (root: string, paths = { folder: '/project', machine }) => parseConfig(config(root), catalog, { name: 'x', paths });
    expect(read('~/mnist').config?.dataset['root']).toBe('/home/me/mnist');
    expect(parseConfig(config('~/mnist'), catalog, { name: 'x' }).config?.dataset['root']).toBe('~/mnist');
    expect(read('${NOWHERE}').problems).toMatchObject([{ key: 'dataset.root', line: 1, column: 33 }]);
  });
});

describe('a folder that has to be there', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'udi-paths-'));
    mkdirSync(join(folder, 'mnist'));
    writeFileSync(join(folder, 'file'), '');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is looked for before a run is made, from the folder of the config', () => {
    const read = (root: string, overrides: string[] = []) => parseConfig(config(root), catalog, { name: 'x', overrides, paths: { folder, machine: thisMachine } });
    for (const there of ['mnist', './mnist/', join(folder, 'mnist')]) expect(read(there).problems).toEqual([]);
    expect(read('mnst').problems).toMatchObject([{ key: 'dataset.root', line: 1, column: 33, message: `The folder ${join(folder, 'mnst')} does not exist. A relative path starts in the folder of the config.` }]);
    expect(read('file').problems).toMatchObject([{ message: `${join(folder, 'file')} is a file; expected a folder.` }]);
    expect(read('file/x').problems).toHaveLength(1);
    expect(read('mnist', ['dataset.root=gone']).problems).toMatchObject([{ override: 'dataset.root=gone' }]);
    expect(read('gone', ['dataset.root=mnist']).problems).toEqual([]);
  });

  it('of a study is told where its path stands: in the base, in `set` or in the grid', () => {
    const problems = (study: string, base: string) => {
      const parsed = parseStudy(study, catalog, { file: join(folder, 'a.udi-study.yaml'), readFile: () => config(base), machine: thisMachine });
      return parsed.problems.map(({ key, line, inBase }) => [key, inBase ? `base ${inBase.line}` : line]);
    };
    const grid = 'base: b.udi.yaml\ngrid: { training.seeds: [1] }\n'.replace('training.seeds', 'training.batchSize');
    expect(problems(grid, 'mnist')).toEqual([]);
    expect(problems(grid, 'gone')).toEqual([['base', 'base 1']]);
    expect(problems(`${grid}set: { dataset.root: mnist }\n`, 'gone')).toEqual([]);
    expect(problems(`${grid}set: { dataset.root: gone }\n`, 'mnist')).toEqual([['set.dataset.root', 3]]);
    expect(problems('base: b.udi.yaml\ngrid: { dataset.root: [mnist, gone] }\n', 'gone')).toEqual([['grid.dataset.root.1', 2]]);
    expect(problems(`base:\n  ${config('gone').trim().replaceAll('\n', '\n  ')}\ngrid: { training.batchSize: [1] }\n`, '')).toEqual([['base.dataset.root', 2]]);
  });
});
