import { join } from 'node:path';
import type { NewEvent } from '../../src/core/run/events.ts';
import { runsFolder } from '../../src/core/run/runStore.ts';
import { studyEventSchema, type NewStudyEvent, type StudyEvent } from '../../src/core/study/studyEvents.ts';
import type { StudyPlan } from '../../src/core/study/studyPlan.ts';
import { studiesFolder, writeStudy } from '../../src/core/study/studyStore.ts';
import { runConfig, START, writeRun } from './runFixture.ts';

/** A plan with one row of runs, one for each key, the first with seed 0. */
export function studyPlan(name: string, keys: readonly string[]): StudyPlan {
  const runs = keys.map((key, seed) => ({ seed, key }));
  return {
    format: 1,
    name,
    tables: [{ id: 'grid', title: 'Grid', settings: [], rows: [{ id: 'row', label: 'Row', settings: [], runs }] }],
    runs: runs.map(({ seed, key }) => ({ key, label: `row, seed ${seed}`, config: runConfig(`${name} ${seed}`, seed) })),
  };
}

/** Writes the folder of a study below `root` as *Run Study* does, and returns its path. */
export function writeStudyFolder(root: string, name: string, keys: readonly string[]): string {
  const origin = { file: join(root, `${name}.udi-study.yaml`), runs: runsFolder(root) };
  return writeStudy(studiesFolder(root), studyPlan(name, keys), origin);
}

/** Writes the folder of a study's run and returns its path. */
export function writeStudyRun(root: string, study: string, key: string, journal: readonly NewEvent[]): string {
  return writeRun(root, `20260101-000000-${study}-${key}`, journal, study, { study: { id: study, key } });
}

/** Numbers and dates events as the journal does, and checks each against the schema that readers use. */
export function numberedStudy(events: readonly NewStudyEvent[], since = 0): StudyEvent[] {
  return events.map((event, index) =>
    studyEventSchema.parse({ ...event, seq: since + index + 1, time: START + 60_000 * (since + index) }));
}
