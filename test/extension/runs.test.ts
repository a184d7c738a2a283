import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ownIdentity, processStart } from '../../src/core/files/processIdentity.ts';
import { readMeta, runFiles, writeMeta } from '../../src/core/run/runStore.ts';
import { sendToTrainer } from '../../src/extension/commands/sendToTrainer.ts';
import { runViewOf } from '../../src/extension/panels/runView.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import { descriptionOf } from '../../src/extension/views/runText.ts';
import { FakeTrainer } from './fakeTrainer.ts';
import { appendEvents, events, finishedJournal, numbered, START, writeRun } from './runFixture.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const soon = { timeout: 120_000, interval: 20 };
let root: string;
let open: { dispose(): void }[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-runs-'));
  open = [];
});

afterEach(() => {
  for (const item of open) item.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** A model of `root`, as one window has it; `touch` is what the window's file watcher would say. */
function createWindow() {
  const watchers: ((path: string) => void)[] = [];
  const runs = new Runs({ log: silent, watch: (_root, onChange) => {
    watchers.push(onChange);
    return { dispose: () => {} };
  } });
  open.push(runs);
  runs.setRoots([root]);
  return { runs, touch: (path: string) => watchers.forEach((tell) => tell(path)) };
}

/** Makes a run folder look as old as its id says, so that it does not count as one that is just starting. */
function age(folder: string): string {
  utimesSync(join(folder, runFiles.config), new Date(0), new Date(0));
  return folder;
}

describe('Runs', () => {
  it('reads the runs of a folder in the background, newest first', async () => {
    writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9));
    writeRun(root, '20260102-000000-b-0002', finishedJournal('b', 0.8), 'b');
    const { runs } = createWindow();
    expect(runs.isEmpty).toBe(false);
    await runs.whenLoaded();
    expect(runs.list().map((run) => [run.id.slice(0, 8), run.state, run.title])).toEqual([
      ['20260102', 'finished', 'b'], ['20260101', 'finished', 'quick'],
    ]);
  });

  it('lists finished runs by their summaries, reads a journal when somebody asks for it, and notices another one', async () => {
    const journal = finishedJournal('a', 0.9);
    const folder = writeRun(root, '20260101-000000-a-0001', journal);
    const file = join(folder, runFiles.events);
    const then = new Date(1767323105000);
    utimesSync(file, then, then);
    const first = createWindow();
    await first.runs.whenLoaded();
    expect(first.runs.list()[0]!.run.ended?.state).toBe('finished');
    // A journal that says nothing any more, without a trace: whoever reads it notices.
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, ' '.repeat(Buffer.byteLength(text)));
    utimesSync(file, then, then);
    const { runs } = createWindow();
    await runs.whenLoaded();
    const run = runs.list()[0]!;
    expect([run.state, run.summary.headline?.value]).toEqual(['finished', 0.9]);
    expect(descriptionOf(run, START)).toContain('90.00 %');
    run.refresh();
    expect(run.state).toBe('finished');
    expect(run.run.lastSeq).toBe(0);
    writeFileSync(file, text);
    utimesSync(file, then, then);
    const third = createWindow();
    await third.runs.whenLoaded();
    const again = third.runs.list()[0]!;
    appendFileSync(file, `${JSON.stringify(numbered([events.ended('failed', 'late')], journal.length)[0])}\n`);
    third.touch(folder);
    await vi.waitFor(() => expect([again.state, again.summary.ended?.error?.message]).toEqual(['failed', 'late']), soon);
    expect(again.run.stages).toHaveLength(first.runs.list()[0]!.run.stages.length);
  });

  it('puts the run that is being trained before newer ones and follows it over the socket', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', [events.started('a'), events.stage('unimodal:gray')]);
    writeRun(root, '20260102-000000-b-0002', finishedJournal('b', 0.8));
    const trainer = await FakeTrainer.start(folder);
    const { runs } = createWindow();
    await runs.whenLoaded();
    expect(runs.list().map((run) => run.state)).toEqual(['running', 'finished']);
    const run = runs.list()[0]!;
    await vi.waitFor(() => expect(trainer.received).toEqual([{ type: 'subscribe', since: 2 }]), soon);
    trainer.emit(numbered([events.epoch('unimodal:gray', 1, 0.7)], 2));
    const place = { stage: 'unimodal:gray', epoch: 2, epochs: 2, step: 1, steps: 9, samplesPerSecond: 5 };
    trainer.broadcast({ type: 'progress', ...place });
    await vi.waitFor(() => expect(run.progress?.step).toBe(1), soon);
    expect(run.run.stages[0]?.epochs).toHaveLength(1);
    expect(run.send({ type: 'stop' })).toBe(true);
    await vi.waitFor(() => expect(trainer.received.at(-1)).toEqual({ type: 'stop' }), soon);
    trainer.emit(numbered([events.ended('stopped')], 3));
    await vi.waitFor(() => expect(run.state).toBe('stopped'), soon);
    expect(run.progress).toBeUndefined();
    await trainer.close();
  });

  it('fills the gap after a broken connection', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', [events.started('a'), events.stage('joint')]);
    const trainer = await FakeTrainer.start(folder);
    const { runs } = createWindow();
    await runs.whenLoaded();
    const run = runs.list()[0]!;
    await vi.waitFor(() => expect(trainer.received).toHaveLength(1), soon);
    trainer.hangUp();
    appendEvents(folder, numbered([events.epoch('joint', 1, 0.5), events.epoch('joint', 2, 0.6)], 2));
    await vi.waitFor(() => expect(run.run.stages[0]?.epochs.map((each) => each.epoch)).toEqual([1, 2]), soon);
    expect(trainer.received.at(-1)).toEqual({ type: 'subscribe', since: 2 });
    await trainer.close();
  });

  it('shows the same run in two windows', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', [events.started('a'), events.stage('joint')]);
    const trainer = await FakeTrainer.start(folder);
    const windows = [createWindow().runs, createWindow().runs];
    await vi.waitFor(() => expect(trainer.received).toHaveLength(2), soon);
    trainer.emit(numbered([events.epoch('joint', 1, 0.5)], 2));
    for (const runs of windows) await vi.waitFor(() => expect(runs.list()[0]?.run.lastSeq).toBe(3), soon);
    await trainer.close();
  });

  it('finds by itself that the process of a run has died, and says so once', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', [events.started('a'), events.stage('joint')]);
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' });
    const trainer = await FakeTrainer.start(folder, child.pid);
    const { runs } = createWindow();
    await runs.whenLoaded();
    const run = runs.list()[0]!;
    const ended: string[] = [];
    runs.onDidEnd((each) => ended.push(each.state));
    await vi.waitFor(() => expect(trainer.received).toHaveLength(1), soon);
    expect(run.state).toBe('running');
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
    await trainer.close();
    await vi.waitFor(() => expect(run.state).toBe('interrupted'), soon);
    expect(ended).toEqual(['interrupted']);
  });

  it('shows a run without end and without process as interrupted, and a resumed one as running', async () => {
    const folder = age(writeRun(root, '20260101-000000-a-0001', [events.started('a'), events.ended('stopped')]));
    const { runs, touch } = createWindow();
    await runs.whenLoaded();
    const run = runs.list()[0]!;
    expect(run.state).toBe('stopped');
    const trainer = await FakeTrainer.start(folder);
    trainer.emit(numbered([events.resumed()], 2));
    touch(join(folder, runFiles.events));
    await vi.waitFor(() => expect(run.state).toBe('running'), soon);
    const dead = { pid: 1, start: 'other', socket: trainer.path, node: '' };
    writeFileSync(join(folder, runFiles.trainer), JSON.stringify(dead));
    const second = createWindow().runs;
    await second.whenLoaded();
    expect(second.list()[0]?.state).toBe('interrupted');
    await trainer.close();
  });

  it('shows a run that trains on another machine as running there while it gives signs of life, and follows its file', async () => {
    const folder = age(writeRun(root, '20260101-000000-a-0001', [events.started('a')]));
    const file = join(folder, runFiles.trainer);
    const write = () => writeFileSync(file, JSON.stringify({ pid: 1, start: 'x', host: 'gpu3', boot: '00000000-1111-2222-3333-444444444444', socket: '/tmp/there' }));
    write();
    const { runs } = createWindow();
    await runs.whenLoaded();
    const run = runs.list()[0]!;
    expect([run.state, run.elsewhere]).toEqual(['running', 'gpu3']);
    expect(runViewOf(run, true)).toMatchObject({ state: 'running', elsewhere: 'gpu3' });
    appendEvents(folder, numbered([events.stage('joint')], 1));
    run.refresh();
    expect(run.run.stages).toHaveLength(1);
    await expect(sendToTrainer(run, { type: 'stop' })).rejects.toThrow(/is run on gpu3, where its process cannot be reached/);
    utimesSync(file, 0, 0);
    run.refresh();
    expect([run.state, run.elsewhere]).toEqual(['interrupted', undefined]);
    write();
    run.refresh();
    expect([run.state, run.elsewhere], 'silence is not death').toEqual(['running', 'gpu3']);
  });

  it('follows a trainer without a socket by its file, ends it by a signal, and says that it cannot pause', async () => {
    const folder = age(writeRun(root, '20260101-000000-a-0001', [events.started('a')]));
    const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => process.exit(7)); process.stdout.write("x"); setInterval(() => {}, 1000)'], { stdio: ['ignore', 'pipe', 'ignore'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    writeFileSync(join(folder, runFiles.trainer), JSON.stringify({ ...ownIdentity(), pid: child.pid, start: processStart(child.pid!) }));
    const { runs } = createWindow();
    await runs.whenLoaded();
    const run = runs.list()[0]!;
    expect([run.state, run.elsewhere]).toEqual(['running', undefined]);
    expect(runViewOf(run, true)).toMatchObject({ noSocket: true });
    await expect(sendToTrainer(run, { type: 'pause' })).rejects.toThrow(/has no socket/);
    const code = new Promise((resolve) => child.once('exit', resolve));
    await sendToTrainer(run, { type: 'stop' });
    expect(await code).toBe(7);
    run.refresh();
    expect(run.state).toBe('interrupted');
  });

  it('takes a folder without trainer for a starting run only while it is young', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', []);
    const { runs } = createWindow();
    await runs.whenLoaded();
    expect(runs.list()[0]?.state).toBe('running');
    age(folder);
    runs.refresh();
    expect(runs.list()[0]?.state).toBe('interrupted');
  });

  it('shows a run as running from its launch and as interrupted when the process ends without a word', async () => {
    writeRun(root, '20260101-000000-a-0001', [events.started('a'), events.ended('stopped')]);
    const { runs } = createWindow();
    await runs.whenLoaded();
    const run = runs.list()[0]!;
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 300)'], { stdio: 'ignore' });
    run.launched(child);
    expect(run.state).toBe('running');
    await vi.waitFor(() => expect(run.state).toBe('stopped'), soon);
    const fresh = runs.get(writeRun(root, '20260101-000001-b-0002', []))!;
    fresh.launched(spawn(process.execPath, ['-e', 'process.exit(2)'], { stdio: 'ignore' }));
    expect(fresh.state).toBe('running');
    await vi.waitFor(() => expect(fresh.state).toBe('interrupted'), soon);
  });

  it('ignores a torn last line until it is whole', async () => {
    const folder = age(writeRun(root, '20260101-000000-a-0001', [events.started('a')]));
    const { runs, touch } = createWindow();
    await runs.whenLoaded();
    const run = runs.list()[0]!;
    const line = JSON.stringify(numbered([events.stage('joint')], 1)[0]);
    appendFileSync(join(folder, runFiles.events), line.slice(0, 20));
    run.refresh();
    expect(run.run.stages).toHaveLength(0);
    appendFileSync(join(folder, runFiles.events), `${line.slice(20)}\n`);
    touch(join(folder, runFiles.events));
    await vi.waitFor(() => expect(run.run.stages).toHaveLength(1), soon);
  });

  it('notices runs that come, go and get another title', async () => {
    const { runs, touch } = createWindow();
    expect(runs.isEmpty).toBe(true);
    const folder = writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9));
    touch(folder);
    await vi.waitFor(() => expect(runs.list()).toHaveLength(1), soon);
    writeMeta(folder, { title: 'mine' });
    touch(join(folder, runFiles.meta));
    await vi.waitFor(() => expect(runs.list()[0]?.title).toBe('mine'), soon);
    const elsewhere = join(root, 'elsewhere');
    renameSync(folder, elsewhere);
    touch(folder);
    await vi.waitFor(() => expect(runs.isEmpty).toBe(true), soon);
  });

  it('finds what file watching misses by a slow timer', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const { runs } = createWindow();
      const folder = writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9));
      vi.advanceTimersByTime(5000);
      await runs.whenLoaded();
      expect(runs.list()).toHaveLength(1);
      writeMeta(folder, { title: 'mine' });
      vi.advanceTimersByTime(5000);
      expect(runs.list()[0]?.title).toBe('mine');
    } finally {
      vi.useRealTimers();
    }
  });

  it('finds a run by folder or id before it was read, and nothing outside the roots', () => {
    const folder = writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9));
    const { runs } = createWindow();
    expect(runs.get('20260101-000000-a-0001')?.folder).toBe(folder);
    expect(runs.get(folder)?.id).toBe('20260101-000000-a-0001');
    expect(runs.get('../../etc')).toBeUndefined();
    expect(runs.get('')).toBeUndefined();
  });

  it('reads what is asked for first: a run by its folder, by what it is called, and those of a study', async () => {
    const study = { id: 's', key: 'k' };
    const old = [1, 2, 3].map((day) => writeRun(root, `2026010${day}-000000-a-000${day}`, finishedJournal('a', 0.9), `run ${day}`, day < 3 ? { study } : {}));
    const { runs } = createWindow();
    const read: string[] = [];
    runs.onDidChange(({ item }) => read.push(item.title));
    expect(runs.get(old[0]!)?.title).toBe('run 1');
    await runs.readFirst((folder) => readMeta(folder).study?.id === 's');
    expect(read.slice(0, 2)).toEqual(['run 1', 'run 2']);
    const found = runs.find((run) => run.title === 'run 3');
    expect((await found)?.folder).toBe(old[2]);
    expect(read).toEqual(['run 1', 'run 2', 'run 3']);
    expect(await runs.find((run) => run.title === 'run 4')).toBeUndefined();
    expect(runs.isReading).toBe(false);
  });

  it('keeps showing a run whose config, meta or journal is damaged', async () => {
    const folder = age(writeRun(root, '20260101-000000-a-0001', [events.started('a')]));
    writeFileSync(join(folder, runFiles.config), '{');
    writeFileSync(join(folder, runFiles.meta), '[]');
    appendFileSync(join(folder, runFiles.events), 'no json\n{"type":"unknown"}\n');
    mkdirSync(join(root, '.udi', 'runs', '20260103-000000-empty'));
    const { runs } = createWindow();
    await runs.whenLoaded();
    expect(runs.list().map((run) => [run.title, run.state])).toEqual([['a', 'unreadable']]);
  });
});
