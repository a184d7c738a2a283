import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listRuns, readRunConfig, runsFolder } from '../../src/core/run/runStore.ts';
import { search } from './numbers.ts';

const trainer = join(search.distFolder, 'trainer.cjs');
let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'udi-train-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** `udi train` in a folder of its own, by the real, built trainer. */
function udiTrain(config: string | Buffer, sets: readonly string[] = [], env: NodeJS.ProcessEnv = {}): { code: number | null; errors: string[] } {
  if (!existsSync(trainer)) throw new Error(`${trainer} is missing; run npm run build first`);
  writeFileSync(join(folder, 'a.udi.yaml'), config);
  const { status, stderr } = spawnSync(process.execPath, [trainer, 'train', 'a.udi.yaml', ...sets.flatMap((set) => ['--set', set])], { cwd: folder, env: { ...process.env, ...env }, encoding: 'utf8' });
  return { code: status, errors: stderr.trim().split('\n') };
}

const tiny = 'dataset: { name: synthetic-arrays, train: 16, validation: 8, test: 8 }\nmethod: { name: sum }\ntraining: { epochs: 1, batchSize: 8 }\n';
const mnist = 'dataset: { name: cgmnist, root: mnist }\nmethod: { name: sum }\ntraining: { epochs: 1 }\n';

describe('udi train', () => {
  it.each([
    ['data that are not there', mnist, [], /^a\.udi\.yaml:1:33: dataset\.root: The folder .*mnist does not exist\./],
    ['data of an override that are not there', tiny, ['dataset.name=cgmnist', 'dataset.root=~/no such #1'], /^--set dataset\.root=~\/no such #1: The folder .*no such #1 does not exist\.$/],
    ['a variable that is not set', mnist.replace('root: mnist', "root: '${UDI_NOT_SET}/mnist'"), [], /^a\.udi\.yaml:1:33: dataset\.root: The variable UDI_NOT_SET is not set/],
    ['an override that cannot be read', tiny, ['training.seed=*x'], /^--set training\.seed=\*x: There is no anchor &x/],
    ['a key with an empty part', tiny, ['training..seed=1'], /^--set training\.\.seed=1: .* empty part/],
    ['UTF-16', Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from(tiny, 'utf16le')]), [], /^a\.udi\.yaml:1:1: The file is not UTF-8 text but probably UTF-16/],
  ])('refuses %s in a sentence, before there is a run', (_, config, sets, message) => {
    const { code, errors } = udiTrain(config, sets);
    expect(code).toBe(2);
    expect(errors[0]).toMatch(message);
    expect(errors).toHaveLength(2);
    expect(listRuns(runsFolder(folder))).toEqual([]);
  });

  it('trains with texts as they stand, and stores paths in the workspace relative to it', () => {
    mkdirSync(join(folder, 'data #2'));
    expect(udiTrain(tiny, ['name=run #3', 'model.encoder=mlp']).code).toBe(0);
    const [run] = listRuns(runsFolder(folder));
    expect(readRunConfig(run!).name).toBe('run #3');
    // There is no MNIST in the folder, which is found out by the run.
    expect(udiTrain(mnist, ['name=empty', 'dataset.root=${UDI_TEST_DATA}/data #2'], { UDI_TEST_DATA: folder }).code).toBe(1);
    expect(listRuns(runsFolder(folder)).map((each) => readRunConfig(each)).find(({ name }) => name === 'empty')?.dataset['root']).toBe('data #2');
  });
});
