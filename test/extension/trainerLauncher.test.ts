import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { processStart } from '../../src/core/files/processIdentity.ts';
import { runFiles } from '../../src/core/run/runStore.ts';
import { studyFiles } from '../../src/core/study/studyStore.ts';
import { TrainerLauncher } from '../../src/extension/launch/trainerLauncher.ts';
import { writeRun } from './runFixture.ts';
import { writeStudyFolder } from './studyFixture.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let root: string;

beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'udi-launch-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

function launcher(script: string, node: { path?: string; device?: string } = {}): TrainerLauncher {
  const trainer = join(root, 'trainer.cjs');
  writeFileSync(trainer, script);
  const found = { path: process.execPath, env: { MARK: 'set' }, reason: 'test', ...node };
  const findNode = () => Promise.resolve(found);
  return new TrainerLauncher({ trainer, backends: join(root, 'backends'), findNode, log: silent });
}

describe('TrainerLauncher', () => {
  it('starts a trainer for a folder, with its output in the log of the run', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', []);
    const told = 'process.argv.slice(2), process.cwd(), process.env.MARK, process.env.UDI_BACKENDS';
    const script = `console.log(JSON.stringify([${told}]))`;
    const child = await launcher(script, { device: 'wasm' }).start(folder);
    await new Promise((resolve) => child.once('exit', resolve));
    expect(JSON.parse(readFileSync(join(folder, runFiles.log), 'utf8'))).toEqual(
      [['run', folder, '--device', 'wasm'], root, 'set', join(root, 'backends')]);
  });

  it('starts a supervisor for a study, for all runs or for some, with its output in the log of the study', async () => {
    const folder = writeStudyFolder(root, 'abc', ['k1', 'k2']);
    const starter = launcher('console.log(JSON.stringify([process.argv.slice(2), process.cwd()]))', { device: 'wasm' });
    for (const keys of [[], ['k1', 'k2']]) {
      const child = await starter.startStudy(folder, keys);
      await new Promise((resolve) => child.once('exit', resolve));
    }
    const lines = readFileSync(join(folder, studyFiles.log), 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      [['study-run', folder, '--device', 'wasm'], root],
      [['study-run', folder, '--keys', 'k1,k2', '--device', 'wasm'], root],
    ]);
  });

  it('says what could not be started', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', []);
    await expect(launcher('', { path: '/no/such/node' }).start(folder)).rejects.toThrow('/no/such/node');
    await expect(launcher('', { path: '/no/such/node' }).ask(['doctor'])).rejects.toThrow('/no/such/node');
  });

  it('asks and listens line by line', async () => {
    const lines: string[] = [];
    const script = 'console.log("a\\nb"); console.error("c"); process.exitCode = 3';
    const output = await launcher(script).ask([], { onLine: (line) => lines.push(line) });
    expect(output).toEqual({ code: 3, stdout: 'a\nb\n', stderr: 'c\n' });
    expect(lines.sort()).toEqual(['a', 'b', 'c']);
  });

  it('asks in a folder', async () => {
    const { stdout } = await launcher('console.log(process.cwd())').ask([], { cwd: tmpdir() });
    expect(realpathSync(stdout.trim())).toBe(realpathSync(tmpdir()));
  });

  it('ends a question on demand, with what it has started', async () => {
    const abort = new AbortController();
    const script = `
      const wait = 'setInterval(() => {}, 1000)';
      const child = require('node:child_process').spawn(process.execPath, ['-e', wait], { stdio: 'ignore' });
      child.on('spawn', () => console.log(child.pid));
      setInterval(() => {}, 1000);`;
    const answer = await launcher(script).ask([], { onLine: () => abort.abort(), signal: abort.signal });
    expect(answer.code).toBeNull();
    await vi.waitFor(() => expect(processStart(Number(answer.stdout))).toBeUndefined(), { timeout: 120_000 });
  });
});
