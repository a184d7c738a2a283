import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { studyFiles } from '../../src/core/study/studyStore.ts';
import { StudyViewBuilder } from '../../src/extension/panels/studyView.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import { Studies } from '../../src/extension/follow/studies.ts';
import { catalog } from './catalogFixture.ts';
import { appendEvents, events, finishedJournal, numbered } from './runFixture.ts';
import { numberedStudy, writeStudyFolder, writeStudyRun } from './studyFixture.ts';

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const watch = () => ({ dispose: () => {} });
let root: string;
let runs: Runs;
let studies: Studies;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-view-'));
  runs = new Runs({ log, watch });
  studies = new Studies({ log, watch, runs, catalog });
});

afterEach(() => {
  studies.dispose();
  runs.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe('StudyViewBuilder', () => {
  it('shows every run of the plan, what is missing, what failed and what waits', async () => {
    const folder = writeStudyFolder(root, 'abc', ['k1', 'k2', 'k3']);
    writeStudyRun(root, 'abc', 'k1', finishedJournal('x', 0.9));
    writeStudyRun(root, 'abc', 'k2', [events.started('x'), events.ended('failed', 'no memory')]);
    appendEvents(folder, numberedStudy([
      { type: 'started', name: 'abc', runs: 3, parallel: 2 },
      { type: 'waiting', key: 'k3', reason: 'memory' },
    ]));
    studies.setRoots([root]);
    runs.setRoots([root]);
    await runs.whenLoaded();
    const view = new StudyViewBuilder({ methods: [], datasets: [] }).view(studies.get('abc')!, true);
    expect(view).toMatchObject({ id: 'abc', title: 'abc', parallel: 2, trusted: true });
    expect(view.runs.map(({ key, state, message }) => [key, state, message])).toEqual([
      ['k1', 'finished', undefined], ['k2', 'failed', 'no memory'], ['k3', 'missing', 'memory'],
    ]);
    expect(view.runs[0]).toMatchObject({ run: '20260101-000000-abc-k1', done: 2, label: 'row, seed 0' });
    const [cell] = view.tables[0]!.rows[0]!.cells;
    expect(cell?.values).toEqual([{ seed: 0, run: '20260101-000000-abc-k1', value: 0.9 }]);
    expect(cell?.missing.map(({ key }) => key)).toEqual(['k2', 'k3']);
    expect(view.curves[0]!.scores).not.toEqual([]);
  });

  it('makes tables anew when a run changes its state and curves at an epoch, and neither otherwise', async () => {
    writeStudyFolder(root, 'abc', ['k1', 'k2']);
    writeStudyRun(root, 'abc', 'k1', finishedJournal('x', 0.9));
    const folder = writeStudyRun(root, 'abc', 'k2', [events.started('x'), events.stage('joint')]);
    studies.setRoots([root]);
    runs.setRoots([root]);
    await runs.whenLoaded();
    const study = studies.get('abc')!;
    const builder = new StudyViewBuilder({ methods: [], datasets: [] });
    const first = builder.view(study, true);
    const same = builder.view(study, true);
    expect([same.tables === first.tables, same.curves === first.curves]).toEqual([true, true]);
    appendEvents(folder, numbered([events.epoch('joint', 1, 0.5)], 2));
    runs.refresh();
    const epoch = builder.view(study, true);
    expect([epoch.tables === first.tables, epoch.curves === first.curves]).toEqual([true, false]);
    appendEvents(folder, numbered([events.test(0.8), events.ended('finished')], 3));
    runs.refresh();
    const ended = builder.view(study, true);
    expect(ended.tables[0]!.rows[0]!.cells[0]!.values).toHaveLength(2);
  });

  it('says that the plan is damaged', () => {
    const folder = writeStudyFolder(root, 'abc', ['k1']);
    studies.setRoots([root]);
    rmSync(join(folder, studyFiles.plan));
    studies.get('abc')!.refresh();
    expect(() => new StudyViewBuilder({ methods: [], datasets: [] }).view(studies.get('abc')!, true)).toThrow('is damaged');
  });
});
