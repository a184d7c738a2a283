import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { requireConfig } from '../../src/core/config/parseConfig.ts';
import { distinctSlug, hashedSlug, slugOf } from '../../src/core/files/slug.ts';
import { ownMachine } from '../../src/core/files/processIdentity.ts';
import { oneLine, printable } from '../../src/core/printable.ts';
import { emptyRun } from '../../src/core/run/run.ts';
import { configFileOf, createdAt, createRun, createRunAgain, findRun, listRuns, readMeta, readRunConfig, removeUnfinishedRuns, runFiles, writeMeta } from '../../src/core/run/runStore.ts';
import { isBetterRun, studyFolder, writeStudy } from '../../src/core/study/studyStore.ts';
import { emptyTrash, listTrash, moveToTrash, restoreFromTrash } from '../../src/extension/trash.ts';
import { catalog } from './catalogFixture.ts';

let root: string;
let runs: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-list-'));
  runs = join(root, '.udi', 'runs');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const config = (name: string) => requireConfig('dataset: { name: arrays }\nmethod: { name: sum }\ntraining: { epochs: 1 }\n', catalog, 'a', { name });
const ids = () => listRuns(runs).map((folder) => basename(folder));

describe('the order of runs', () => {
  it('is that of the moments at which they were created, whatever the clocks on the walls said', () => {
    const older = createRun(runs, config('tokyo'), undefined, { now: new Date('2026-01-01T00:00:00Z') });
    const newer = createRun(runs, config('new-york'), undefined, { now: new Date('2026-01-01T01:00:00Z') });
    // As a computer in another time zone would have named them.
    const [first, second] = [join(runs, '20260101-090000-tokyo-0001'), join(runs, '20251231-200000-new-york-0002')];
    renameSync(older, first);
    renameSync(newer, second);
    expect(listRuns(runs)).toEqual([second, first]);
    expect(findRun(runs, 'latest')).toBe(second);
    const of = (folder: string) => ({ id: basename(folder), state: 'finished' as const, run: emptyRun, created: createdAt(folder) });
    expect([isBetterRun(of(second), of(first)), isBetterRun(of(first), of(second))]).toEqual([true, false]);
  });

  it('falls back on the first event, then on the id, and on the id where moments are equal', () => {
    const bare = (id: string, time?: number) => {
      mkdirSync(join(runs, id), { recursive: true });
      writeFileSync(join(runs, id, 'config.yaml'), '');
      if (time !== undefined) writeFileSync(join(runs, id, 'events.jsonl'), `{"seq":1,"time":${time},"type":"note","message":"x"}\n`);
      return join(runs, id);
    };
    const time = new Date(2026, 0, 5, 12, 0, 0).getTime();
    bare('20260101-120000-a-0000', time + 1);
    bare('20260105-120000-b-0000');
    bare('20260109-120000-c-0000', time - 1);
    const same = bare('20260109-120000-d-0000', time - 1);
    writeMeta(same, { title: 'x', created: 'no date' });
    expect(readMeta(same).title).toBe('x');
    expect(ids().map((id) => id.slice(16, 17))).toEqual(['a', 'b', 'd', 'c']);
  });
});

describe('a run folder', () => {
  it('counts wherever it has a config: renamed, linked, but not twice and not with a dot', () => {
    const renamed = createRun(runs, config('one'), undefined, { now: new Date(1e12) });
    renameSync(renamed, join(runs, 'best-so-far'));
    const elsewhere = createRun(join(root, 'keep'), config('two'), undefined, { now: new Date(2e12) });
    symlinkSync(elsewhere, join(runs, 'linked'));
    symlinkSync(join(runs, 'best-so-far'), join(runs, 'second-name'));
    symlinkSync(join(root, 'nowhere'), join(runs, 'broken'));
    symlinkSync(elsewhere, join(runs, '.hidden'));
    mkdirSync(join(runs, 'no-run'));
    expect(ids()).toEqual(['linked', 'best-so-far']);
    expect(findRun(runs, 'best')).toBe(join(runs, 'best-so-far'));
    expect(findRun(runs, 'second-name')).toBe(join(runs, 'second-name'));
    expect(readRunConfig(findRun(runs, 'latest')).name).toBe('two');
  });

  it('that is a link is deleted and restored as a link, and what it leads to stays', () => {
    const elsewhere = createRun(join(root, 'keep'), config('two'));
    mkdirSync(runs, { recursive: true });
    symlinkSync(elsewhere, join(runs, 'linked'));
    const trashed = moveToTrash(join(runs, 'linked'));
    expect(listTrash(root)).toEqual([trashed]);
    expect(restoreFromTrash(trashed)).toBe(join(runs, 'linked'));
    moveToTrash(join(runs, 'linked'));
    symlinkSync(elsewhere, join(runs, 'linked'));
    moveToTrash(join(runs, 'linked'));
    expect(emptyTrash(root)).toBe(2);
    expect(ids()).toEqual([]);
    expect(existsSync(join(elsewhere, 'config.yaml'))).toBe(true);
  });

  it('is found by its title or name, and an id comes first', () => {
    const one = createRun(runs, config('训练 #1'), undefined, { now: new Date(1e12) });
    const two = createRun(runs, config('训练 #1'), undefined, { now: new Date(2e12) });
    writeMeta(two, { ...readMeta(two), title: 'the good one' });
    expect(findRun(runs, 'the good one')).toBe(two);
    expect(() => findRun(runs, '训练 #1')).toThrow(/fits 2 runs/);
    expect(findRun(runs, basename(one))).toBe(one);
  });

  it('is made once more with its stored config, title, file and place in a study', () => {
    const study = { id: 's', key: 'k' };
    const file = join(root, 'configs', 'a.udi.yaml');
    const first = createRun(runs, config('a'), file, { study, title: 'mine', now: new Date(1e12) });
    const again = createRunAgain(first);
    expect(again).not.toBe(first);
    expect(listRuns(runs)).toEqual([again, first]);
    expect(readRunConfig(again)).toEqual(readRunConfig(first));
    expect(readMeta(again)).toMatchObject({ title: 'mine', study });
    expect(configFileOf(again, readMeta(again))).toBe(file);
    writeFileSync(join(first, runFiles.config), 'name: 3');
    expect(() => createRunAgain(first)).toThrow(/is damaged/);
    expect(listRuns(runs)).toHaveLength(2);
  });

  it('knows the file that it was started from after the workspace was moved', () => {
    const folder = createRun(runs, config('a'), join(root, 'configs', 'a.udi.yaml'));
    renameSync(root, `${root}-moved`);
    root = `${root}-moved`;
    const moved = join(root, '.udi', 'runs', basename(folder));
    expect(configFileOf(moved, readMeta(moved))).toBe(join(root, 'configs', 'a.udi.yaml'));
  });
});

describe('ids', () => {
  it('keep the letters and digits of every script, and fit into a file name', () => {
    expect(slugOf('消融实验 A/B', 'run')).toBe('消融实验-a-b');
    expect(slugOf('Cafe\u0301 Ⅷ ٤', 'run')).toBe('café-ⅷ-٤');
    expect(slugOf('…', 'run')).toBe('run');
    const folder = createRun(runs, config('漢'.repeat(120)));
    expect(Buffer.byteLength(basename(folder))).toBeLessThan(120);
    expect(readdirSync(runs)).toHaveLength(1);
  });

  it('of studies have a hash where something was lost, so that names do not fall together', () => {
    expect(distinctSlug('Learning rates', 'study')).toBe('learning-rates');
    const names = ['a?', 'a!', 'a', '…', '!!', `${'x'.repeat(50)}1`, `${'x'.repeat(50)}2`, '漢'.repeat(30), '漢'.repeat(31)];
    expect(new Set(names.map((name) => distinctSlug(name, 'study'))).size).toBe(names.length);
  });
});

describe('a study', () => {
  const plan = (name: string) => ({ format: 1 as const, name, tables: [], runs: [] });
  const studies = () => join(root, '.udi', 'studies');
  const write = (name: string, file = `${name}.udi-study.yaml`) => writeStudy(studies(), plan(name), { file: join(root, file), runs });

  it('is found by its name: those of an older version by the name in their plan, whatever their id', () => {
    const old = join(studies(), 'study');
    mkdirSync(old, { recursive: true });
    writeFileSync(join(old, 'origin.json'), JSON.stringify({ file: '../../../a.udi-study.yaml', runs: '../../runs' }));
    writeFileSync(join(old, 'plan.json'), JSON.stringify(plan('消融实验')));
    expect(write('消融实验', 'a.udi-study.yaml')).toBe(old);
    expect(basename(write('对比实验'))).toBe('对比实验');
    expect(studyFolder(studies(), '消融实验', join(root, 'a.udi-study.yaml'))).toBe(old);
  });

  it('does not take the folder of another name', () => {
    expect([write('Rates'), write('rates'), write('rates')].map((folder) => basename(folder))).toEqual(['rates', hashedSlug('rates', 'study'), hashedSlug('rates', 'study')]);
  });
});

describe('text for a terminal', () => {
  it('has no control characters and no turned directions, and names have no lines', () => {
    expect(oneLine('red\u001b[31m\r\nfake\u2028line\u009b\u202edrow')).toBe('red [31m fake line drow');
    expect(printable('a\u001b]0;t\u0007\tb\r\nc\rd')).toBe('a ]0;t \tb\nc\nd');
  });
});

describe('runs whose creation was killed', () => {
  it('are removed, but not those of a process that lives or of another machine', () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const names = [`.new-a-${ownMachine()}-${gone}`, `.new-b-${ownMachine()}-${process.pid}`, `.new-c-00000000-${gone}`, '.another'];
    for (const name of names) mkdirSync(join(runs, name), { recursive: true });
    removeUnfinishedRuns(runs);
    expect(readdirSync(runs).sort()).toEqual(names.slice(1).sort());
    removeUnfinishedRuns(join(root, 'not there'));
  });
});
