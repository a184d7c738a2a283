import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { listRuns, loadRun, readMeta, runsFolder, writeMeta } from '../../src/core/run/runStore.ts';
import { temporaryFolder, writeMnist } from './datasets/fixtures.ts';
import { search } from './numbers.ts';

const trainer = join(search.distFolder, 'trainer.cjs');
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

/** `udi <args>` in a folder, as a real process; `onOutput` sees what it has printed so far. */
async function udi(cwd: string, args: readonly string[], onOutput: (output: string, child: ChildProcess) => void = () => {}): Promise<{ code: number | null; output: string }> {
  if (!existsSync(trainer)) throw new Error(`${trainer} is missing; run npm run build first`);
  const child = spawn(process.execPath, [trainer, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      onOutput(output, child);
    });
  }
  const code = await new Promise<number | null>((resolve) => { child.once('close', resolve); });
  return { code, output };
}

const base = (epochs: number) => ({
  name: 'b', dataset: { name: 'cgmnist', root: 'data', limit: { train: 64, validation: 30, test: 30 } }, method: { name: 'sum' },
  model: { encoder: 'mlp' }, training: { epochs, batchSize: 32 }, device: 'wasm',
});

/** A workspace with data of its own, a config and a study of two runs. */
async function workspace(epochs = 1): Promise<{ parent: string; root: string }> {
  const parent = await temporaryFolder();
  const root = join(parent, 'lab');
  await writeMnist(join(root, 'data'));
  writeFileSync(join(root, 'a.udi.yaml'), JSON.stringify(base(epochs)));
  writeFileSync(join(root, 's.udi-study.yaml'), JSON.stringify({ base: 'a.udi.yaml', seeds: [0], grid: { 'training.learningRate': [0.01, 0.02] } }));
  return { parent, root };
}

/** Trains the config until its first epoch is done, and stops it. */
async function stoppedRun(root: string): Promise<string> {
  let told = false;
  await udi(root, ['train', 'a.udi.yaml'], (output, child) => {
    if (told || !output.includes('[1/')) return;
    told = true;
    child.kill('SIGINT');
  });
  const [folder] = listRuns(runsFolder(root));
  expect(loadRun(folder!).state, loadRun(folder!).run.ended?.error?.message).toBe('stopped');
  return folder!;
}

describe('a workspace that was moved', { timeout: 240_000 }, () => {
  it('keeps its finished study: nothing is missing and nothing is trained again, renamed or copied', async () => {
    const { parent, root } = await workspace();
    expect((await udi(root, ['study', 'run', 's.udi-study.yaml'])).code).toBe(0);
    const [renamed, copied] = [join(parent, 'laboratory'), join(parent, 'copy')];
    cpSync(root, copied, { recursive: true });
    renameSync(root, renamed);
    for (const place of [renamed, copied]) {
      const before = listRuns(runsFolder(place));
      for (const named of ['s.udi-study.yaml', 's']) expect((await udi(place, ['study', 'status', named])).output).toContain('2 of 2 runs finished');
      const { code, output } = await udi(place, ['study', 'run', 's.udi-study.yaml']);
      expect([code, output]).toEqual([0, expect.stringContaining('2 of them finished before')]);
      expect(listRuns(runsFolder(place))).toEqual(before);
    }
  });

  it('keeps a study that a version with absolute paths and other keys has trained, where it is and moved', async () => {
    const { parent, root } = await workspace();
    expect((await udi(root, ['study', 'run', 's.udi-study.yaml'])).code).toBe(0);
    for (const [index, folder] of listRuns(runsFolder(root)).entries()) {
      const config = parse(readFileSync(join(folder, 'config.yaml'), 'utf8')) as { dataset: object };
      writeFileSync(join(folder, 'config.yaml'), stringify({ ...config, dataset: { ...config.dataset, root: join(root, 'data') } }));
      const { created: _, ...meta } = readMeta(folder);
      writeMeta(folder, { ...meta, configFile: join(root, 's.udi-study.yaml'), study: { id: 's', key: String(index).repeat(64) } });
    }
    expect((await udi(root, ['study', 'status', 's.udi-study.yaml'])).output).toContain('2 of 2 runs finished');
    const moved = join(parent, 'moved');
    renameSync(root, moved);
    expect((await udi(moved, ['study', 'status', 's.udi-study.yaml'])).output).toContain('2 of 2 runs finished');
  });

  it('resumes a run that was stopped before', async () => {
    const { parent, root } = await workspace(30);
    const folder = await stoppedRun(root);
    const moved = join(parent, 'moved');
    renameSync(root, moved);
    const { code, output } = await udi(moved, ['resume', 'latest']);
    expect(code, output).toBe(0);
    expect(loadRun(join(runsFolder(moved), basename(folder))).state).toBe('finished');
  });
});

describe('resume with --set', { timeout: 240_000 }, () => {
  it('takes the data from another place, refuses other data and other keys, and says so where data are gone', async () => {
    const { parent, root } = await workspace(30);
    const folder = await stoppedRun(root);
    const elsewhere = join(parent, 'elsewhere');
    renameSync(join(root, 'data'), elsewhere);
    const id = basename(folder);
    const gone = await udi(root, ['resume', id]);
    expect([gone.code, gone.output]).toEqual([1, expect.stringContaining(`If they were moved: udi resume ${id} --set dataset.root=<path>`)]);
    expect(gone.output).toContain(join(folder, 'config.yaml'));

    const other = await udi(root, ['resume', id, '--set', 'training.epochs=3']);
    expect([other.code, other.output]).toEqual([2, expect.stringContaining('--set dataset.root=<path>')]);

    const wrong = join(parent, 'wrong');
    mkdirSync(wrong);
    cpSync(elsewhere, wrong, { recursive: true });
    const images = join(wrong, 't10k-images-idx3-ubyte');
    writeFileSync(images, readFileSync(images).fill(7, 16, 2000));
    const refused = await udi(root, ['resume', id, '--set', `dataset.root=${wrong}`]);
    expect([refused.code, refused.output]).toEqual([1, expect.stringContaining('not the one that this run was started with')]);
    expect(readFileSync(join(folder, 'config.yaml'), 'utf8')).toContain('root: data\n');

    const moved = await udi(root, ['resume', id, '--set', 'dataset.root=../elsewhere']);
    expect(moved.code, moved.output).toBe(0);
    expect(readFileSync(join(folder, 'config.yaml'), 'utf8')).toContain(`root: ${elsewhere}\n`);
    rmSync(elsewhere, { recursive: true });
  });
});

describe('names on a terminal', { timeout: 120_000 }, () => {
  it('bring no control characters and no line of their own, in train, runs and show; runs lists them', async () => {
    const root = await temporaryFolder();
    const name = 'red\u001b[31m\r\nRun finished: fake 训练';
    writeFileSync(join(root, 'a.udi.yaml'), JSON.stringify({
      name, dataset: { name: 'synthetic-arrays', train: 32, validation: 16, test: 16 }, method: { name: 'sum' }, training: { epochs: 1 }, device: 'wasm',
    }));
    for (const args of [['train', 'a.udi.yaml'], ['runs'], ['show', 'latest']]) {
      const { code, output } = await udi(root, args);
      expect(code, output).toBe(0);
      expect(output).toContain('red [31m Run finished: fake 训练');
      expect(output).not.toMatch(/(?![\n])\p{Cc}/u);
      expect(output).not.toMatch(/^Run finished: fake/m);
    }
    const [row] = JSON.parse((await udi(root, ['runs', '--json'])).output) as { name: string; created: string }[];
    expect([row!.name, new Date(row!.created).toISOString()]).toEqual([name, row!.created]);
  });
});

describe('output that nobody reads to its end', () => {
  it('is no error, however long it is', { timeout: 60_000 }, async () => {
    const root = await temporaryFolder();
    const values = Array.from({ length: 900 }, (_, index) => (index + 1) / 1000);
    writeFileSync(join(root, 's.udi-study.yaml'), JSON.stringify({
      base: { dataset: { name: 'synthetic-arrays' }, method: { name: 'sum' }, training: { epochs: 1 } }, grid: { 'training.momentum': values },
    }));
    const child = spawn(process.execPath, [trainer, 'study', 'status', 's.udi-study.yaml'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(child);
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString(); });
    const code = await new Promise<number | null>((resolve) => { child.once('close', resolve); });
    expect([code, errors]).toEqual([0, '']);
  });
});
