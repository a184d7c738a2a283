import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { studyFiles } from '../../src/core/study/studyStore.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import { Studies } from '../../src/extension/follow/studies.ts';
import { catalog } from './catalogFixture.ts';
import { FakeTrainer } from './fakeTrainer.ts';
import { appendEvents, events, finishedJournal, numbered, writeRun } from './runFixture.ts';
import { numberedStudy, writeStudyFolder, writeStudyRun } from './studyFixture.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const soon = { timeout: 120_000, interval: 20 };
let root: string;
let open: { dispose(): void }[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-studies-'));
  open = [];
});

afterEach(() => {
  for (const item of open) item.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** Runs and studies of `root`, as one window has them; `touch` is what the window's file watcher of studies would say. */
async function createWindow() {
  const watchers: ((path: string) => void)[] = [];
  const runs = new Runs({ log: silent, watch: () => ({ dispose: () => {} }) });
  const studies = new Studies({ log: silent, runs, catalog, watch: (_root, onChange) => {
    watchers.push(onChange);
    return { dispose: () => {} };
  } });
  open.push(runs, studies);
  studies.setRoots([root]);
  runs.setRoots([root]);
  await runs.whenLoaded();
  return { runs, studies, touch: (path: string) => watchers.forEach((tell) => tell(path)) };
}

/** Makes a study look as if it had been planned long ago, so that it does not count as one that is just starting. */
function age(folder: string): string {
  utimesSync(join(folder, studyFiles.plan), new Date(0), new Date(0));
  return folder;
}

const started = (runs: number) => ({ type: 'started', name: 'abc', runs, parallel: 2 }) as const;

describe('Studies', () => {
  it('puts the runs of a study under it, in the order of the plan, and counts them', async () => {
    age(writeStudyFolder(root, 'abc', ['k1', 'k2', 'k3', 'k4']));
    writeStudyRun(root, 'abc', 'k3', [events.started('x'), events.ended('failed', 'no')]);
    writeStudyRun(root, 'abc', 'k1', finishedJournal('x', 0.9));
    writeStudyRun(root, 'abc', 'left', finishedJournal('x', 0.9));
    writeStudyRun(root, 'other', 'k2', finishedJournal('x', 0.9));
    writeRun(root, '20260101-000000-alone-0001', finishedJournal('alone', 0.8));
    const { runs, studies } = await createWindow();
    const [study] = studies.list();
    expect([study!.title, study!.state]).toEqual(['abc', 'new']);
    expect([...study!.runs.keys()]).toEqual(['k1', 'k3']);
    expect(study!.counts).toEqual({ planned: 4, finished: 1, failed: 1, diverged: 0, active: 0 });
    const owned = runs.list().filter((run) => studies.ownerOf(run) === study).map((run) => run.meta.study?.key);
    // A run that the plan has dropped still belongs to the study.
    expect(owned.sort()).toEqual(['k1', 'k3', 'left']);
  });

  it('takes the finished one of several runs with the same key', async () => {
    writeStudyFolder(root, 'abc', ['k1']);
    const meta = { study: { id: 'abc', key: 'k1' } };
    const finished = writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9), 'a', meta);
    writeRun(root, '20260102-000000-a-0002', [events.started('a'), events.ended('failed')], 'a', meta);
    const { studies } = await createWindow();
    expect(studies.list()[0]!.runs.get('k1')?.folder).toBe(finished);
  });

  it('attaches to the supervisor, follows it, and says once that the study has ended', async () => {
    const folder = writeStudyFolder(root, 'abc', ['k1', 'k2']);
    const supervisor = await FakeTrainer.supervise(folder);
    supervisor.emit(numberedStudy([started(2)]));
    const { studies } = await createWindow();
    const [study] = studies.active();
    const ended: string[] = [];
    studies.onDidEnd((each) => ended.push(each.state));
    await vi.waitFor(() => expect(supervisor.received).toEqual([{ type: 'subscribe', since: 1 }]), soon);
    const run = writeStudyRun(root, 'abc', 'k1', [events.started('x')]);
    supervisor.emit(numberedStudy([
      { type: 'runStarted', key: 'k1', run: basename(run), how: 'new' }, { type: 'waiting', key: 'k2', reason: 'memory' },
    ], 1));
    await vi.waitFor(() => expect(study!.study.waiting).toEqual({ k2: 'memory' }), soon);
    // Nothing has watched the folder of the runs.
    expect(study!.runs.get('k1')?.folder).toBe(run);
    expect(study!.send({ type: 'stop' })).toBe(true);
    await vi.waitFor(() => expect(supervisor.received.at(-1)).toEqual({ type: 'stop' }), soon);
    supervisor.emit(numberedStudy([{ type: 'ended', state: 'stopped' }], 3));
    await vi.waitFor(() => expect(study!.state).toBe('stopped'), soon);
    expect(ended).toEqual(['stopped']);
    await supervisor.close();
  });

  it('tells of a refusal, and fills the gap after a broken connection', async () => {
    const folder = writeStudyFolder(root, 'abc', ['k1']);
    const supervisor = await FakeTrainer.supervise(folder);
    const { studies } = await createWindow();
    const refused: string[] = [];
    studies.onDidRefuse(({ message }) => refused.push(message));
    await vi.waitFor(() => expect(supervisor.received).toHaveLength(1), soon);
    supervisor.broadcast({ type: 'refused', message: 'no' });
    await vi.waitFor(() => expect(refused).toEqual(['no']), soon);
    supervisor.hangUp();
    appendFileSync(join(folder, studyFiles.events), `${JSON.stringify(numberedStudy([started(1)])[0])}\n`);
    await vi.waitFor(() => expect(studies.list()[0]!.study.planned).toBe(1), soon);
    await supervisor.close();
  });

  it('finds that a supervisor has died, and takes the study up again when another one starts', async () => {
    const folder = age(writeStudyFolder(root, 'abc', ['k1']));
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
    const dead = await FakeTrainer.supervise(folder, child.pid);
    dead.emit(numberedStudy([started(1)]));
    const { studies, touch } = await createWindow();
    const [study] = studies.list();
    expect(study!.state).toBe('running');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await dead.close();
    await vi.waitFor(() => expect(study!.state).toBe('interrupted'), soon);
    const next = await FakeTrainer.supervise(folder);
    touch(join(folder, studyFiles.supervisor));
    await vi.waitFor(() => expect(study!.state).toBe('running'), soon);
    await next.close();
  });

  it('shows a study as running from its launch, and reads a plan that has grown', async () => {
    const folder = age(writeStudyFolder(root, 'abc', ['k1']));
    appendFileSync(join(folder, studyFiles.events), numberedStudy([started(1), { type: 'ended', state: 'finished' }])
      .map((event) => `${JSON.stringify(event)}\n`).join(''));
    const { studies, touch } = await createWindow();
    const [study] = studies.list();
    expect(study!.state).toBe('finished');
    writeStudyFolder(root, 'abc', ['k1', 'k2']);
    touch(join(folder, studyFiles.plan));
    await vi.waitFor(() => expect(study!.counts.planned).toBe(2), soon);
    study!.launched(spawn(process.execPath, ['-e', ''], { stdio: 'ignore' }));
    expect(study!.state).toBe('running');
    await vi.waitFor(() => expect(study!.state).toBe('finished'), soon);
  });

  it('tells of a study when a run of it comes, changes or goes', async () => {
    const folder = age(writeStudyFolder(root, 'abc', ['k1']));
    const { runs, studies } = await createWindow();
    const changes: boolean[] = [];
    studies.onDidChange(({ list }) => changes.push(list));
    const run = writeStudyRun(root, 'abc', 'k1', [events.started('x')]);
    runs.scan();
    await vi.waitFor(() => expect(studies.get(folder)!.runs.size).toBe(1), soon);
    expect(changes).toContain(true);
    changes.length = 0;
    appendEvents(run, numbered([events.test(0.9), events.ended('finished')], 1));
    runs.refresh();
    await vi.waitFor(() => expect(studies.get('abc')!.counts.finished).toBe(1), soon);
    expect(changes).toContain(false);
    rmSync(run, { recursive: true });
    runs.scan();
    expect(studies.get('abc')!.runs.size).toBe(0);
  });

  it('finds studies that come and go, and ignores folders that are none', async () => {
    const { studies, touch } = await createWindow();
    const folder = writeStudyFolder(root, 'abc', ['k1']);
    touch(folder);
    await vi.waitFor(() => expect(studies.list().map(({ id }) => id)).toEqual(['abc']), soon);
    writeFileSync(join(folder, studyFiles.plan), '{');
    touch(folder);
    await vi.waitFor(() => expect(studies.get('abc')?.plan).toBeUndefined(), soon);
    rmSync(folder, { recursive: true });
    touch(folder);
    await vi.waitFor(() => expect(studies.list()).toEqual([]), soon);
    expect(studies.get('abc')).toBeUndefined();
  });
});
