import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { runConfigSchema, type RunConfig } from '../../src/core/config/config.ts';
import { runEventSchema, type NewEvent, type RunEvent } from '../../src/core/run/events.ts';
import { runFiles, runsFolder, writeMeta, type RunMeta } from '../../src/core/run/runStore.ts';
import type { StudyEvent } from '../../src/core/study/studyEvents.ts';

/** Time of the first event of every hand-written journal; a minute lies between two events. */
export const START = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A complete config as `createRun` stores it. */
export function runConfig(name: string, seed = 0): RunConfig {
  return runConfigSchema.parse({
    name,
    dataset: { name: 'synthetic-digits' },
    model: { fusion: 'sum' },
    method: { name: 'udi', anchor: 'auto', alpha: 'dynamic' },
    training: { epochs: 2, seed },
    device: 'auto',
  });
}

/** Numbers and dates events as the journal does, and checks each against the schema that readers use. */
export function numbered(events: readonly NewEvent[], since = 0): RunEvent[] {
  return events.map((event, index) =>
    runEventSchema.parse({ ...event, seq: since + index + 1, time: START + 60_000 * (since + index) }));
}

const scores = (accuracy: number) => ({ accuracy, f1: accuracy, loss: 0.5, entropy: 0.4 });
const confusion = [[9, 1], [1, 9]];
const tested = (accuracy: number) => ({ ...scores(accuracy), recall: [accuracy, accuracy], confusion });

/** Events of a run with two modalities, one unimodal stage and one follower epoch at `accuracy`. */
export const events = {
  started: (name: string): NewEvent => ({
    type: 'started', name, version: '0.1.0', seed: 0,
    method: { name: 'udi', label: 'UDI' },
    dataset: {
      name: 'synthetic-digits', fingerprint: 'abc', classes: ['0', '1'],
      modalities: ['gray', 'color'].map((id) => ({ id, encoder: 'cgmnist', parameters: 10 })),
      sizes: { train: 20, validation: 10, test: 20 },
    },
    fusion: 'sum',
    backend: { id: 'wasm', device: 'CPU', skipped: [] },
    plannedEpochs: 4,
  }),
  stage: (stage: string): NewEvent => ({ type: 'stage', stage, trains: [], evaluates: ['fusion'], epochs: 2 }),
  epoch: (stage: string, epoch: number, accuracy: number): NewEvent => ({
    type: 'epoch', stage, epoch, epochs: 2, losses: { total: 1 / epoch }, validation: { fusion: scores(accuracy) },
    learningRate: 0.01, seconds: 3, samplesPerSecond: 100,
  }),
  test: (accuracy: number): NewEvent => ({
    type: 'test', selectedOn: 'validation',
    scores: { gray: tested(accuracy - 0.1), color: tested(accuracy - 0.2), fusion: tested(accuracy) },
  }),
  ended: (state: 'finished' | 'stopped' | 'failed', message?: string): NewEvent => ({
    type: 'ended', state, ...(message === undefined ? {} : { error: { message } }),
  }),
  resumed: (): NewEvent => ({ type: 'resumed', epoch: 1, backend: { id: 'wasm', device: 'CPU', skipped: [] } }),
};

/** The journal of a run that finished with `accuracy`. */
export function finishedJournal(name: string, accuracy: number): NewEvent[] {
  return [
    events.started(name), events.stage('follower:color'), events.epoch('follower:color', 1, accuracy - 0.05),
    events.epoch('follower:color', 2, accuracy), events.test(accuracy), events.ended('finished'),
  ];
}

/** Writes a run folder below `root` as host and trainer would, without a trainer file, and returns its path. */
export function writeRun(
  root: string, id: string, journal: readonly NewEvent[], name = 'quick', meta: RunMeta = {},
): string {
  const folder = join(runsFolder(root), id);
  mkdirSync(join(folder, runFiles.checkpoints), { recursive: true });
  writeFileSync(join(folder, runFiles.config), stringify(runConfig(name)));
  writeMeta(folder, meta);
  appendEvents(folder, numbered(journal));
  return folder;
}

/** Appends events to a journal as the trainer or the supervisor does. */
export function appendEvents(folder: string, journal: readonly (RunEvent | StudyEvent)[]): void {
  appendFileSync(join(folder, runFiles.events), journal.map((event) => `${JSON.stringify(event)}\n`).join(''));
}
