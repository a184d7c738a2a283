import type { AnchorEvent, EpochEvent, Metric, RunEvent, Scores, StartedEvent, TestScores } from './events.ts';
import { metricsOf, scoreOf } from './metrics.ts';
import { FUSION } from './targets.ts';

/** What a run's journal says so far. Everything that is shown of a run comes from here. */
export interface Run {
  readonly started?: StartedEvent;
  /** Where it was trained, one after another: a backend on a device is listed once. */
  readonly backends: readonly StartedEvent['backend'][];
  readonly stages: readonly StageRecord[];
  readonly anchor?: AnchorEvent;
  readonly test?: Readonly<Record<string, TestScores>>;
  readonly selectedOn?: 'validation' | 'test';
  readonly notes: readonly string[];
  readonly paused: boolean;
  /** The stage for which the run stands still, because another run trains the same one. */
  readonly waitsFor?: string;
  readonly ended?: { readonly state: EndState; readonly error?: RunError };
  /** Highest resident memory of its trainers so far, bytes. */
  readonly peakMemory?: number;
  /** Times (ms since 1970) of the first and the newest event. */
  readonly firstTime?: number;
  readonly lastTime?: number;
  readonly lastSeq: number;
  /** Number of events of kinds that this version does not know; they are in the file, but not in here. */
  readonly unknown?: number;
  /** Who wrote the journal, where `started` itself is not understood. */
  readonly writer?: { readonly version?: string; readonly format?: number };
}

/** Why a run failed; `diverged` says where, if a number of it was not finite. */
export interface RunError {
  readonly message: string;
  readonly hint?: string;
  readonly diverged?: { readonly stage: string; readonly epoch: number; readonly step?: number };
}

/** One stage: its epochs in order, each at most once. */
export interface StageRecord {
  readonly id: string;
  readonly trains: readonly string[];
  readonly evaluates: readonly string[];
  readonly plannedEpochs: number;
  readonly epochs: readonly EpochEvent[];
  readonly ended?: {
    /** The epoch whose weights it hands on; 0 if it went back to that of an earlier stage. */
    readonly keptEpoch: number;
    readonly reason: 'completed' | 'early stopping';
    readonly validation: Readonly<Record<string, Scores>>;
    readonly cached: boolean;
  };
}

/** How a run ended by its own word. */
export type EndState = 'finished' | 'stopped' | 'cancelled' | 'failed';
/** The state that is shown: derived from the journal and from whether the trainer process lives. */
export type RunState = EndState | 'running' | 'paused' | 'interrupted' | 'unreadable';

/** A run without events. */
export const emptyRun: Run = { backends: [], stages: [], notes: [], paused: false, lastSeq: 0 };

/**
 * Folds one event into a run: the only way from events to what is shown, live or from disk. Events that the run has
 * already seen (by `seq`) change nothing. An epoch that was trained again after a crash replaces its first version.
 */
export function applyEvent(run: Run, event: RunEvent): Run {
  if (event.seq <= run.lastSeq) return run;
  const { waitsFor, ...before } = run;
  const next: Run = { ...before, lastSeq: event.seq, lastTime: event.time, firstTime: run.firstTime ?? event.time };
  switch (event.type) {
    // A run that failed before anything was trained begins once more when it is resumed.
    case 'started': return { ...withoutEnd(next), started: event, backends: withBackend(run.backends, event.backend), paused: false };
    case 'resumed': return { ...withoutEnd(next), backends: withBackend(run.backends, event.backend), paused: false };
    case 'stage': return { ...next, stages: upsertStage(run.stages, event.stage, ({ ended: _, ...stage }) => ({
      ...stage, trains: event.trains, evaluates: event.evaluates, plannedEpochs: event.epochs })) };
    case 'epoch': return { ...next, stages: upsertStage(run.stages, event.stage, (stage) => ({
      ...stage, plannedEpochs: Math.max(stage.plannedEpochs, event.epochs), epochs: [...stage.epochs.filter((each) => each.epoch < event.epoch), event] })) };
    case 'stageEnded': return { ...next, stages: endStage(run.stages, event) };
    case 'anchor': return { ...next, anchor: event };
    case 'test': return { ...next, test: event.scores, selectedOn: event.selectedOn };
    case 'note': return { ...next, notes: [...run.notes, event.message], ...(event.waitsFor === undefined ? {} : { waitsFor: event.waitsFor }) };
    case 'paused':
    case 'continued': return { ...next, ...(waitsFor === undefined ? {} : { waitsFor }), paused: event.type === 'paused' };
    case 'ended': return {
      ...next, paused: false, ended: { state: event.state, ...(event.error ? { error: event.error } : {}) },
      ...(event.peakMemory === undefined ? {} : { peakMemory: Math.max(event.peakMemory, run.peakMemory ?? 0) }),
    };
    case 'unknown': return {
      ...next, unknown: (run.unknown ?? 0) + 1,
      ...(event.name === 'started' ? { writer: { version: event.version, format: event.format } } : {}),
    };
  }
}

/** Folds a whole journal. */
export function foldEvents(events: Iterable<RunEvent>, run: Run = emptyRun): Run {
  let result = run;
  for (const event of events) result = applyEvent(result, event);
  return result;
}

/** The state to show. `alive`: whether the recorded trainer process runs. */
export function stateOf(run: Pick<Run, 'ended' | 'paused'>, alive: boolean): RunState {
  if (run.ended && !alive) return run.ended.state;
  if (!alive) return 'interrupted';
  if (run.ended) return run.ended.state;
  return run.paused ? 'paused' : 'running';
}

/** Whether a trainer works on a run in this state. */
export function isActive(state: RunState): boolean {
  return state === 'running' || state === 'paused';
}

/** The state as a word, with the machine on which a run is trained that cannot be seen from here: `running on gpu3`. */
export function stateText(state: string, elsewhere: string | undefined): string {
  return elsewhere === undefined ? state : `${state} on ${elsewhere}`;
}

/** Whether a run in this state can be continued from its last checkpoint. */
export function canResume(state: RunState): boolean {
  return state === 'interrupted' || state === 'stopped' || state === 'cancelled' || state === 'failed';
}

/** Epochs that are done, over all stages; the stage that is open and the newest epoch. */
export function progressOf(run: Run): { done: number; planned: number; stage?: StageRecord; epoch?: EpochEvent } {
  const all = run.started?.plannedEpochs || run.stages.reduce((sum, stage) => sum + stage.plannedEpochs, 0);
  const done = run.stages.reduce((sum, stage) => sum + stage.epochs.length, 0);
  // Epochs that early stopping saved, or the cache, are no longer to be waited for.
  const saved = run.stages.reduce((sum, stage) => sum + (stage.ended ? stage.plannedEpochs - stage.epochs.length : 0), 0);
  const stage = run.stages.at(-1);
  return { done, planned: all - saved, stage, epoch: stage?.epochs.at(-1) };
}

/**
 * Estimated seconds until the end: the epochs still to come at the mean speed of the newest ones; undefined before the first.
 * `open` is the share of the open epoch that is done.
 */
export function secondsLeft(run: Run, open = 0): number | undefined {
  const { done, planned } = progressOf(run);
  const newest = run.stages.flatMap((stage) => stage.epochs).slice(-5);
  if (!newest.some(({ seconds }) => seconds > 0)) return undefined;
  return Math.max(0, planned - done - open) * (newest.reduce((sum, epoch) => sum + epoch.seconds, 0) / newest.length);
}

/** The score that stands for a run. */
export interface Headline {
  readonly target: string;
  readonly split: 'test' | 'validation';
  readonly metric: Metric;
  readonly value: number;
}

/** First metric of the fused prediction (or of the last target): on test if the run has been tested, else the newest on validation. */
export function headlineOf(run: Run): Headline | undefined {
  const stage = run.stages.at(-1);
  const targets = run.test ?? stage?.ended?.validation ?? stage?.epochs.at(-1)?.validation ?? {};
  const target = FUSION in targets ? FUSION : Object.keys(targets).at(-1);
  const [metric] = metricsOf(run);
  const value = target === undefined || metric === undefined ? undefined : scoreOf(targets[target], metric.id);
  return target === undefined || metric === undefined || value === undefined ? undefined : { target, split: run.test ? 'test' : 'validation', metric, value };
}

function withoutEnd(run: Run): Run {
  const { ended: _, ...rest } = run;
  return rest;
}

function withBackend(backends: Run['backends'], added: StartedEvent['backend']): Run['backends'] {
  return added.id === '' || backends.some(({ id, device }) => id === added.id && device === added.device) ? backends : [...backends, added];
}

/** A stage that ends with the weights of an earlier one marks the epoch there. */
function endStage(stages: readonly StageRecord[], event: Extract<RunEvent, { type: 'stageEnded' }>): StageRecord[] {
  const { keptEpoch, keptStage = event.stage, reason, validation, cached = false } = event;
  const own = { keptEpoch: keptStage === event.stage ? keptEpoch : 0, reason, validation, cached };
  const ended = upsertStage(stages, event.stage, (stage) => ({ ...stage, ended: own }));
  if (keptStage === event.stage) return ended;
  return ended.map((stage) => (stage.id === keptStage && stage.ended ? { ...stage, ended: { ...stage.ended, keptEpoch } } : stage));
}

function upsertStage(stages: readonly StageRecord[], id: string, change: (stage: StageRecord) => StageRecord): StageRecord[] {
  const fresh: StageRecord = { id, trains: [], evaluates: [], plannedEpochs: 0, epochs: [] };
  return stages.some((stage) => stage.id === id)
    ? stages.map((stage) => (stage.id === id ? change(stage) : stage))
    : [...stages, change(fresh)];
}
