import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runFiles } from '../../src/core/run/runStore.ts';
import { readFailure, tryLoadRun } from '../../src/core/run/unreadable.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import { runViewOf } from '../../src/extension/panels/runView.ts';
import { runsCommand, showCommand } from '../../src/trainer/cli/runs.ts';
import { finishedJournal, writeRun } from './runFixture.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let root: string;
let folders: { good: string; journal: string; config: string; map: string };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-bad-runs-'));
  const write = (id: string) => writeRun(root, `20260101-00000${id}`, finishedJournal(id, 0.9));
  folders = { good: write('1-good-0001'), journal: write('2-journal-0002'), config: write('3-config-0003'), map: write('4-map-0004') };
  rmSync(join(folders.journal, runFiles.events));
  mkdirSync(join(folders.journal, runFiles.events));
  rmSync(join(folders.config, runFiles.config));
  mkdirSync(join(folders.config, runFiles.config));
  writeFileSync(join(folders.map, runFiles.config), '- no\n- map\n');
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const reasons = { journal: /events\.jsonl cannot be read: it is a folder \(EISDIR\)/, config: /config\.yaml cannot be read: it is a folder \(EISDIR\)/, map: /config\.yaml is damaged: it is no map/ };

describe('a run that cannot be read', () => {
  it('has a state of its own, with the reason, and leaves the others alone', () => {
    expect(tryLoadRun(folders.good)).toMatchObject({ state: 'finished' });
    for (const [name, reason] of Object.entries(reasons)) {
      expect(tryLoadRun(folders[name as keyof typeof reasons])).toMatchObject({ state: 'unreadable', reason: expect.stringMatching(reason) as string });
    }
    expect(readFailure(Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES', path: '/a/events.jsonl' }), '/a')).toBe('/a/events.jsonl cannot be read: there is no permission (EACCES).');
  });

  it('is listed and shown on the command line', () => {
    let output = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    });
    const runs = join(root, '.udi', 'runs');
    runsCommand(runs, false);
    expect(output.match(/unreadable/g)).toHaveLength(3);
    for (const reason of Object.values(reasons)) expect(output).toMatch(reason);
    expect(output).toContain('finished');
    showCommand(runs, folders.journal, false);
    runsCommand(runs, true);
    expect(output).toContain('"state": "unreadable"');
  });

  it('is in the tree and has a panel that says why, until it is mended', async () => {
    const runs = new Runs({ log: silent, watch: () => ({ dispose: () => {} }) });
    try {
      runs.setRoots([root]);
      await runs.whenLoaded();
      expect(runs.list().map(({ state }) => state).sort()).toEqual(['finished', 'unreadable', 'unreadable', 'unreadable']);
      const run = runs.get(folders.journal)!;
      const view = runViewOf(run, true);
      expect(view).toMatchObject({ state: 'unreadable', reason: expect.stringMatching(reasons.journal) as string });
      writeFileSync(join(folders.map, runFiles.config), 'name: mended\n');
      runs.refresh();
      expect(runs.get(folders.map)).toMatchObject({ state: 'finished', title: 'mended' });
    } finally {
      runs.dispose();
    }
  });
});
