import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readProcess, type ProcessInfo } from '../../../src/core/files/processFile.ts';
import { processStart } from '../../../src/core/files/processIdentity.ts';
import { claim } from '../../../src/trainer/run/claim.ts';

const source = resolve(import.meta.dirname, '../../../src/trainer/run/claim.ts');
const refuse = (owner: ProcessInfo): Error => new Error(`taken by ${owner.pid}`);
const textOf = (pid: number, start: string): string => JSON.stringify({ pid, start, socket: 's', node: 'v' });
const successor = (file: string, owner: string): string => `${file}.after-${createHash('sha256').update(owner).digest('hex').slice(0, 16)}`;

let folder: string;
let file: string;
let bundled: string;
beforeEach(() => {
  bundled = mkdtempSync(join(tmpdir(), 'udi-claim-bundle-'));
  folder = mkdtempSync(join(tmpdir(), 'udi-claim-'));
  file = join(folder, 'trainer.json');
});
afterEach(() => {
  for (const each of [folder, bundled]) rmSync(each, { recursive: true });
});

describe('claim', () => {
  it('says who owns the folder, refuses others while that process lives, and leaves nothing else behind', () => {
    claim(file, 'socket', refuse);
    expect(readProcess(file)).toMatchObject({ pid: process.pid, start: processStart(process.pid), socket: 'socket' });
    expect(() => claim(file, 'socket', refuse)).toThrow(`taken by ${process.pid}`);
    expect(readdirSync(folder)).toEqual(['trainer.json']);
  });

  it('takes over from a dead process, from one that died while taking over, and from a damaged file', () => {
    const first = textOf(process.pid, 'earlier');
    const second = textOf(process.pid, 'later');
    writeFileSync(file, first);
    writeFileSync(successor(file, first), second);
    claim(file, 'socket', refuse);
    expect(readProcess(file)?.start).toBe(processStart(process.pid));
    expect(readdirSync(folder)).toEqual(['trainer.json']);
    writeFileSync(file, '{"pid":');
    claim(file, 'socket', refuse);
    expect(readdirSync(folder)).toEqual(['trainer.json']);
  });

  it('refuses while a living process is taking over', () => {
    const dead = textOf(process.pid, 'earlier');
    writeFileSync(file, dead);
    writeFileSync(successor(file, dead), textOf(process.pid, processStart(process.pid)!));
    expect(() => claim(file, 'socket', refuse)).toThrow(`taken by ${process.pid}`);
  });

  it('is won by exactly one of many processes that find a dead owner at the same moment', async () => {
    const bundle = join(bundled, 'claim.cjs');
    buildSync({ entryPoints: [source], bundle: true, platform: 'node', format: 'cjs', outfile: bundle });
    const script = `
      const { claim } = require(${JSON.stringify(bundle)});
      process.stdout.write('ready');
      process.stdin.once('data', () => {
        try {
          claim(${JSON.stringify(file)}, 'none', () => new Error('refused'));
          process.stdout.write(' won');
        } catch (error) {
          process.stdout.write(' ' + error.message);
        }
      });`;
    for (let round = 0; round < 3; round++) {
      writeFileSync(file, textOf(process.pid, `earlier ${round}`));
      const racers = Array.from({ length: 6 }, () => {
        const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
        let output = '';
        const said = (text: RegExp) => new Promise<void>((done) => {
          const look = (): void => { if (text.test(output)) done(); };
          child.stdout.on('data', look);
          look();
        });
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => { output += chunk; });
        return { child, said, output: () => output };
      });
      await Promise.all(racers.map(({ said }) => said(/ready/)));
      for (const { child } of racers) child.stdin.write('go\n');
      await Promise.all(racers.map(({ said }) => said(/won|refused/)));
      expect(racers.map(({ output }) => output()).sort()).toEqual([...Array<string>(5).fill('ready refused'), 'ready won']);
      for (const { child } of racers) child.kill('SIGKILL');
    }
  });
});
