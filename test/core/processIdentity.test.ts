import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { processInfoSchema } from '../../src/core/files/processFile.ts';
import { canSee, livenessOf, ownIdentity, processStart, type ProcessIdentity } from '../../src/core/files/processIdentity.ts';
import { skipFor } from '../skip.ts';

const boots = ['11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222'] as const;
const here: ProcessIdentity = { pid: 7, start: `${boots[0]}:70`, host: 'node1', boot: boots[0], namespace: 'pid:[1]' };
const recorded: ProcessIdentity = { ...here, pid: 12, start: `${boots[0]}:123` };
const running = (start: string | undefined) => () => start;
const gone = running(undefined);

describe('the liveness of a recorded process', () => {
  it('is certain where it would have to be seen', () => {
    expect(livenessOf(recorded, here, running(recorded.start))).toBe('alive');
    expect(livenessOf(recorded, here, gone)).toBe('dead');
    expect(livenessOf(recorded, here, running('another one with this pid'))).toBe('dead');
  });

  it('is unknown in another container and on another host, whatever has this pid here', () => {
    for (const start of [undefined, recorded.start, 'other']) {
      expect(livenessOf({ ...recorded, namespace: 'pid:[2]' }, here, running(start))).toBe('unknown');
      expect(livenessOf({ ...recorded, host: 'node2', boot: boots[1], start: `${boots[1]}:123` }, here, running(start))).toBe('unknown');
    }
    expect(canSee({ ...recorded, namespace: 'pid:[2]' }, here)).toBe(false);
  });

  it('is dead if its machine was started anew, and unknown if only a container of that name was', () => {
    const before = { ...recorded, boot: boots[1], start: `${boots[1]}:123` };
    expect(livenessOf(before, here, gone)).toBe('dead');
    expect(livenessOf({ ...before, namespace: 'pid:[2]' }, here, gone)).toBe('unknown');
  });

  it('survives a change of the host name, and is not called dead for it', () => {
    const renamed = { ...here, host: 'node1.home' };
    expect(livenessOf(recorded, renamed, running(recorded.start))).toBe('alive');
    expect(livenessOf(recorded, renamed, gone)).toBe('unknown');
  });

  it('is read from files of versions that knew one machine only, and left to the heartbeat where a writer says nothing', () => {
    const old = processInfoSchema.parse({ pid: 12, start: recorded.start, socket: 's', node: 'v' });
    expect(livenessOf(old, here, running(recorded.start))).toBe('alive');
    expect(livenessOf(old, here, gone)).toBe('dead');
    expect(livenessOf({ ...old, start: `${boots[1]}:123` }, here, gone), 'another boot, perhaps another host').toBe('unknown');
    expect(livenessOf(processInfoSchema.parse({ pid: 12 }), here, gone)).toBe('unknown');
  });

  it('is left to the heartbeat where the system does not tell start times (Windows)', () => {
    const windows = { pid: 12, start: '1700000000000', host: 'node1' };
    const from = { pid: 7, start: '1600000000000', host: 'node1' };
    expect(livenessOf(windows, from, gone)).toBe('dead');
    expect(livenessOf(windows, from, running('?'))).toBe('unknown');
    expect(processStart(process.pid, 'win32')).toMatch(/^\d{13}$/);
    expect(processStart(process.ppid, 'win32')).toBe('?');
    expect(processStart(2 ** 22 + 1, 'win32')).toBeUndefined();
  });

  it('is that of this very process', () => {
    expect(livenessOf(ownIdentity())).toBe('alive');
    expect(livenessOf({ ...ownIdentity(), start: `${ownIdentity().boot ?? ''}:1` })).toBe('dead');
  });
});

describe('the start of a process by ps, as on macOS', skipFor(spawnSync('ps', ['-o', 'lstart=', '-p', String(process.pid)]).status === 0 ? undefined : 'there is no ps that tells start times'), () => {
  it('is the same in every time zone and language', () => {
    const places = [{ TZ: 'Asia/Tokyo', LANG: 'ja_JP.UTF-8' }, { TZ: 'America/New_York', LC_ALL: 'de_DE.UTF-8' }, {}];
    const before = process.env;
    const starts = places.map((place) => {
      process.env = { ...before, ...place };
      return processStart(process.pid, 'darwin');
    });
    process.env = before;
    expect(new Set(starts).size).toBe(1);
    expect(starts[0]).toMatch(/\d{4}$/);
  });
});

const unshare = process.platform === 'linux' && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

describe('a process in another pid namespace', skipFor(unshare ? undefined : 'no pid namespace can be made here'), () => {
  it('is neither alive nor dead from here', () => {
    const folder = mkdtempSync(join(tmpdir(), 'udi-identity-'));
    try {
      const bundle = join(folder, 'identity.cjs');
      buildSync({ entryPoints: [resolve(import.meta.dirname, '../../src/core/files/processIdentity.ts')], bundle: true, platform: 'node', format: 'cjs', outfile: bundle });
      const script = `process.stdout.write(JSON.stringify(require(${JSON.stringify(bundle)}).ownIdentity()))`;
      const inside = JSON.parse(execFileSync('unshare', ['--pid', '--fork', '--mount-proc', process.execPath, '-e', script], { encoding: 'utf8' })) as ProcessIdentity;
      expect(inside.host).toBe(ownIdentity().host);
      expect(inside.namespace).not.toBe(ownIdentity().namespace);
      expect(livenessOf(inside)).toBe('unknown');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
