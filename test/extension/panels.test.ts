import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as vscode from 'vscode';
import { Runs } from '../../src/extension/follow/runs.ts';
import { Studies } from '../../src/extension/follow/studies.ts';
import { ComparePanels } from '../../src/extension/panels/comparePanel.ts';
import { RunPanels } from '../../src/extension/panels/runPanel.ts';
import { StudyPanels } from '../../src/extension/panels/studyPanel.ts';
import { catalog } from './catalogFixture.ts';
import { FakeTrainer } from './fakeTrainer.ts';
import { FakePanel } from './fakeVscode.ts';
import { events, finishedJournal, numbered, writeRun } from './runFixture.ts';
import { writeStudyFolder, writeStudyRun } from './studyFixture.ts';

vi.mock('vscode', async () => (await import('./fakeVscode.ts')).fakeVscode);

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const extension = 'extension' as unknown as vscode.Uri;
let root: string;
let runs: Runs;
let read: string[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-panels-'));
  for (const day of [1, 2, 3, 4]) writeRun(root, `2026010${day}-000000-a-000${day}`, finishedJournal('a', 0.9), `run ${day}`);
  runs = new Runs({ log: silent, watch: () => ({ dispose: () => {} }) });
  runs.setRoots([root]);
  read = [];
  runs.onDidChange(({ item }) => read.push(item.title));
});

afterEach(() => {
  runs.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe('A restored panel', () => {
  it('of a run shows it before any other run is read', () => {
    const panel = new FakePanel('run 1');
    const panels = new RunPanels(extension, runs, silent);
    void panels.deserializeWebviewPanel(panel as unknown as vscode.WebviewPanel, { runs: ['20260101-000000-a-0001'] });
    panel.ready();
    expect(panel.posted).toMatchObject([{ type: 'state', view: { title: 'run 1', state: 'finished' } }]);
    expect(read).toEqual(['run 1']);
    panels.dispose();
  });

  it('of a run that the window forgot is found by its title, as soon as that run is read', async () => {
    const panel = new FakePanel('run 3');
    const panels = new RunPanels(extension, runs, silent);
    await panels.deserializeWebviewPanel(panel as unknown as vscode.WebviewPanel, undefined);
    panel.ready();
    expect(panel.posted).toMatchObject([{ view: { title: 'run 3' } }]);
    const gone = new FakePanel('run 9');
    await panels.deserializeWebviewPanel(gone as unknown as vscode.WebviewPanel, undefined);
    expect(gone.isOpen).toBe(false);
    panels.dispose();
  });

  it('of a comparison shows its runs before any other is read', () => {
    const panel = new FakePanel('run 1 | run 2');
    const panels = new ComparePanels(extension, runs, silent);
    void panels.deserializeWebviewPanel(panel as unknown as vscode.WebviewPanel, { runs: ['20260101-000000-a-0001', '20260102-000000-a-0002'] });
    panel.ready();
    expect(panel.posted).toMatchObject([{ view: { runs: [{ title: 'run 1' }, { title: 'run 2' }] } }]);
    expect(read).toEqual(['run 1', 'run 2']);
    panels.dispose();
  });

  it('of a study has its runs read before those of others', () => {
    writeStudyFolder(root, 'abc', ['k1', 'k2']);
    for (const key of ['k1', 'k2']) writeStudyRun(root, 'abc', key, finishedJournal('x', 0.9));
    const studies = new Studies({ log: silent, runs, catalog, watch: () => ({ dispose: () => {} }) });
    studies.setRoots([root]);
    runs.scan();
    const panel = new FakePanel('abc');
    const panels = new StudyPanels(extension, studies, catalog, silent);
    void panels.deserializeWebviewPanel(panel as unknown as vscode.WebviewPanel, { runs: ['abc'] });
    expect(new Set(read.slice(0, 2))).toEqual(new Set(['abc']));
    panel.ready();
    expect(panel.posted).toMatchObject([{ view: { title: 'abc', runs: [{ key: 'k1' }, { key: 'k2' }] } }]);
    panels.dispose();
    studies.dispose();
  });
});

it('A panel of a live run gets progress without the whole run, and the whole run with every event and for every new page', async () => {
  const soon = { timeout: 120_000, interval: 20 };
  const folder = writeRun(root, '20260105-000000-a-0005', [events.started('a'), events.stage('joint')]);
  const trainer = await FakeTrainer.start(folder);
  const run = runs.get(folder)!;
  const panel = new FakePanel('live');
  const panels = new RunPanels(extension, runs, silent);
  void panels.deserializeWebviewPanel(panel as unknown as vscode.WebviewPanel, { runs: [run.id] });
  await vi.waitFor(() => expect(trainer.received).toHaveLength(1), soon);
  panel.ready();
  await vi.waitFor(() => expect(panel.posted.at(-1)).toMatchObject({ type: 'state', view: { state: 'running' } }), soon);
  const progress = (step: number) => ({ stage: 'joint', epoch: 1, epochs: 2, step, steps: 9, samplesPerSecond: 5 });
  const tell = async (step: number, type: 'state' | 'change') => {
    trainer.broadcast({ type: 'progress', ...progress(step) });
    await vi.waitFor(() => expect(panel.posted.at(-1)).toMatchObject({ type, view: { progress: progress(step) } }), soon);
  };
  await tell(1, 'change');
  expect(Object.keys((panel.posted.at(-1) as { view: object }).view)).toEqual(['progress']);
  panel.ready();
  await vi.waitFor(() => expect(panel.posted.at(-1)).toMatchObject({ type: 'state', view: { run: { lastSeq: 2 }, progress: progress(1) } }), soon);
  await tell(2, 'change');
  trainer.emit(numbered([events.epoch('joint', 1, 0.5)], 2));
  await vi.waitFor(() => expect(panel.posted.at(-1)).toMatchObject({ type: 'state', view: { run: { lastSeq: 3 } } }), soon);
  await tell(3, 'change');
  panels.dispose();
  await trainer.close();
});
