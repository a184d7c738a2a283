import type { Progress, RunView } from '../src/core/protocol.ts';
import { progressOf, secondsLeft } from '../src/core/run/run.ts';
import { isLive } from './words.ts';

/** Where a run is. The share of the open epoch counts, which the journal does not know. */
export interface RunProgress {
  /** Epochs that are done, over all stages. */
  readonly done: number;
  /** Epochs that the run will have, as far as known. */
  readonly planned: number;
  /** Share of the whole run, 0..1. */
  readonly share: number;
  /** Estimated seconds until the end; undefined before the first epoch. */
  readonly secondsLeft?: number;
  /** Seconds spent on training: without the gaps in which the run was interrupted. */
  readonly secondsTrained: number;
}

/**
 * Where the trainer is in the open epoch. A message about an epoch that the journal has meanwhile is out of date: it
 * would count that epoch twice.
 */
export function openEpoch({ run, state, progress }: RunView): Progress | undefined {
  if (!progress || !isLive(state)) return undefined;
  const stage = run.stages.find(({ id }) => id === progress.stage);
  return stage && progress.epoch <= stage.epochs.length ? undefined : progress;
}

/** Works out how far a run is at the time `now` (ms since 1970). */
export function runProgress(view: RunView, now: number): RunProgress {
  const { run, state } = view;
  const progress = openEpoch(view);
  const epochs = run.stages.flatMap((stage) => stage.epochs);
  const { done, planned: expected } = progressOf(run);
  const planned = Math.max(done, expected);
  const open = progress && done < planned ? progress.step / Math.max(1, progress.steps) : 0;
  const sinceLast = state === 'running' && run.lastTime !== undefined ? Math.max(0, now - run.lastTime) / 1000 : 0;
  return {
    done,
    planned,
    share: planned === 0 ? 0 : Math.min(1, (done + open) / planned),
    secondsLeft: secondsLeft(run, open),
    secondsTrained: epochs.reduce((sum, epoch) => sum + epoch.seconds, 0) + sinceLast,
  };
}

/** What the user can do with a run, in the order of the buttons. One that trains elsewhere can only be watched. */
export function actionsFor({
  state,
  elsewhere,
  noSocket,
  foreign,
}: Pick<RunView, 'state' | 'elsewhere' | 'noSocket' | 'foreign'>): readonly ('pause' | 'continue' | 'stop' | 'cancel' | 'resume')[] {
  if (elsewhere !== undefined) return [];
  switch (state) {
    case 'running':
      return noSocket ? ['stop', 'cancel'] : ['pause', 'stop', 'cancel'];
    case 'paused':
      return noSocket ? ['cancel'] : ['continue', 'cancel'];
    case 'finished':
    case 'unreadable':
      return [];
    case 'stopped':
    case 'cancelled':
    case 'failed':
    case 'interrupted':
      return foreign ? [] : ['resume'];
  }
}

/** Why a run that trains cannot be asked for everything; undefined where it can. */
export function reachText({ elsewhere, noSocket }: Pick<RunView, 'elsewhere' | 'noSocket'>): string | undefined {
  if (elsewhere !== undefined) return `Trains on ${elsewhere}, where it cannot be reached from here: it can be watched, but only be paused or ended there.`;
  return noSocket ? 'Its trainer has no socket (the log says why): it can be ended, but not paused.' : undefined;
}
