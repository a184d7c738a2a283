import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { liveProcess, processText, readProcess, type LiveProcess } from '../../../src/core/files/processFile.ts';
import { ownIdentity, processStart } from '../../../src/core/files/processIdentity.ts';
import { Claim, type ClaimOptions } from '../../../src/trainer/store/claim.ts';

const source = resolve(import.meta.dirname, '../../../src/trainer/store/claim.ts');
const refuse = (owner: LiveProcess | undefined): Error => new Error(`taken by ${owner ? processText(owner) : 'somebody'}`);
const textOf = (pid: number, start: string): string => JSON.stringify({ pid, start, socket: 's', node: 'v' });
const elsewhere = { ...ownIdentity(), host: 'gpu3', boot: '00000000-1111-2222-3333-444444444444', start: 'x', namespace: 'pid:[9]' };
const successor = (file: string, owner: string): string => `${file}.after-${createHash('sha256').update(owner).digest('hex').slice(0, 16)}`;
const minuteAgo = (): number => (Date.now() - 61_000) / 1000;

let folder: string;
let file: string;
let bundled: string;
const claims: Claim[] = [];
const claim = (options: Partial<ClaimOptions> = {}): Claim => {
  const made = new Claim(file, { socket: 'socket', refuse, ...options });
  claims.push(made);
  return made;
};
beforeEach(() => {
  bundled = mkdtempSync(join(tmpdir(), 'udi-claim-bundle-'));
  folder = mkdtempSync(join(tmpdir(), 'udi-claim-'));
  file = join(folder, 'trainer.json');
});
afterEach(() => {
  for (const each of claims.splice(0)) each.release();
  for (const each of [folder, bundled]) rmSync(each, { recursive: true, force: true });
});

describe('a claim', () => {
  it('says who owns the folder, refuses others while that process lives, and leaves nothing else behind', () => {
    claim();
    expect(readProcess(file)).toMatchObject({ ...ownIdentity(), socket: 'socket' });
    expect(() => claim()).toThrow(`taken by process ${process.pid}`);
    expect(readdirSync(folder)).toEqual(['trainer.json']);
  });

  it('takes over from a dead process, from one that died while taking over, and from a damaged file', () => {
    const first = textOf(process.pid, 'earlier');
    const second = textOf(process.pid, 'later');
    writeFileSync(file, first);
    writeFileSync(successor(file, first), second);
    claim();
    expect(readProcess(file)?.start).toBe(processStart(process.pid));
    expect(readdirSync(folder)).toEqual(['trainer.json']);
    writeFileSync(file, '{"pid":');
    claim();
    expect(readdirSync(folder)).toEqual(['trainer.json']);
  });

  it('refuses while a living process is taking over', () => {
    const dead = textOf(process.pid, 'earlier');
    writeFileSync(file, dead);
    writeFileSync(successor(file, dead), textOf(process.pid, processStart(process.pid)!));
    expect(() => claim()).toThrow(`taken by process ${process.pid}`);
  });

  it('is not taken from an owner that cannot be seen while it gives signs of life, and is when it has been silent for a minute', () => {
    const text = JSON.stringify({ ...elsewhere, socket: '', node: 'v' });
    writeFileSync(file, text);
    expect(() => claim()).toThrow(`taken by process ${process.pid} on gpu3`);
    expect(liveProcess(file)).toMatchObject({ elsewhere: 'gpu3' });
    // Whoever is about to take over is looked at in the same way.
    utimesSync(file, minuteAgo(), minuteAgo());
    writeFileSync(successor(file, text), JSON.stringify({ ...elsewhere, host: 'gpu4' }));
    expect(() => claim()).toThrow('on gpu4');
    utimesSync(successor(file, text), minuteAgo(), minuteAgo());
    expect(liveProcess(file)).toBeUndefined();
    claim();
    expect(readdirSync(folder)).toEqual(['trainer.json']);
    expect(readProcess(file)).toMatchObject({ host: ownIdentity().host });
  });

  it('waits for one that is just writing down who it is', () => {
    writeFileSync(file, textOf(process.pid, 'earlier'));
    const slot = successor(file, textOf(process.pid, 'earlier'));
    writeFileSync(slot, '');
    expect(() => claim()).toThrow('taken by somebody');
    utimesSync(slot, minuteAgo(), minuteAgo());
    claim();
  });

  it('does not care what clock the disk has', () => {
    writeFileSync(file, JSON.stringify(elsewhere));
    for (const hours of [-9, 9]) {
      vi.spyOn(Date, 'now').mockReturnValue(Date.now() + hours * 3_600_000);
      expect(() => claim(), `${hours} h`).toThrow('on gpu3');
      vi.restoreAllMocks();
    }
    utimesSync(file, minuteAgo(), minuteAgo());
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 3_600_000);
    claim();
    vi.restoreAllMocks();
  });

  it('is renewed, by the clock of the disk, and lets go at once when it is released', async () => {
    const held = claim({ interval: 5 });
    utimesSync(file, 0, 0);
    await vi.waitFor(() => expect(liveProcess(file)).toBeDefined());
    held.check();
    held.release();
    expect(readProcess(file)).toMatchObject({ pid: process.pid, released: true });
    expect(liveProcess(file)).toBeUndefined();
    claim();
  });

  it('is lost when its file is another owner\'s or gone: that is noticed, said, and the other one is left alone', async () => {
    let lost = 0;
    const options = { interval: 5, onLost: () => { lost++; }, lost: (how: string) => new Error(how) };
    const first = claim(options);
    const other = JSON.stringify(elsewhere);
    rmSync(file);
    writeFileSync(file, other);
    utimesSync(file, 0, 0);
    await vi.waitFor(() => expect(lost).toBe(1));
    expect(() => first.check()).toThrow('replaced');
    first.release();
    expect(readFileSync(file, 'utf8')).toBe(other);
    expect(liveProcess(file), 'no heartbeat was given for the other').toBeUndefined();
    const second = claim(options);
    rmSync(folder, { recursive: true });
    await vi.waitFor(() => expect(lost).toBe(2));
    expect(() => second.check()).toThrow('gone');
  });

  it('is won by exactly one of many processes that find a dead owner at the same moment, where there are no hard links', async () => {
    const bundle = join(bundled, 'claim.cjs');
    buildSync({ entryPoints: [source], bundle: true, platform: 'node', format: 'cjs', outfile: bundle });
    const script = `
      // A file system that refuses hard links, as exFAT and some network disks do.
      require('node:fs').linkSync = () => { throw Object.assign(new Error('EPERM'), { code: 'EPERM' }); };
      require('node:module').syncBuiltinESMExports();
      const { Claim } = require(${JSON.stringify(bundle)});
      process.stdout.write('ready');
      process.stdin.once('data', () => {
        try {
          new Claim(${JSON.stringify(file)}, { refuse: () => new Error('refused') });
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
