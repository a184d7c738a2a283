import type { StudyRunView, StudyView } from '../src/core/protocol.ts';
import { duration } from '../src/core/format.ts';

/** Where a study is. */
export interface StudyProgress {
  readonly planned: number;
  readonly finished: number;
  readonly failed: number;
  /** Of the failed ones. */
  readonly diverged: number;
  readonly active: readonly StudyRunView[];
  /** Runs that nobody works on and that have no result. */
  readonly open: number;
  /** Share of the whole study, 0..1; a run that is being trained counts by its epochs. */
  readonly share: number;
  /** Seconds since the first event; until the newest one where no trainer is at work. */
  readonly elapsed?: number;
  /** Estimated seconds until the end; undefined unless it is running and a run has an epoch. */
  readonly secondsLeft?: number;
}

/** Works out how far a study is at the time `now` (ms since 1970). */
export function studyProgress(view: StudyView, now: number): StudyProgress {
  const { runs, state, firstTime, lastTime } = view;
  const finished = runs.filter((run) => run.state === 'finished').length;
  const active = runs.filter((run) => run.state === 'running' || run.state === 'paused');
  const until = state === 'running' ? now : lastTime;
  return {
    planned: runs.length,
    finished,
    failed: runs.filter((run) => run.state === 'failed').length,
    diverged: runs.filter((run) => run.state === 'failed' && run.diverged).length,
    active,
    open: runs.length - finished - active.length,
    share: runs.length === 0 ? 0 : runs.reduce((sum, run) => sum + shareOf(run), 0) / runs.length,
    elapsed: firstTime === undefined || until === undefined ? undefined : Math.max(0, until - firstTime) / 1000,
    secondsLeft: view.secondsLeft,
  };
}

/** Counts and times in one line. */
export function progressText(view: StudyView, now: number): string {
  const { finished, planned, failed, diverged, active, elapsed, secondsLeft } = studyProgress(view, now);
  return [
    `${finished} of ${planned} runs finished`,
    ...(failed > 0 ? [failedText(failed, diverged)] : []),
    ...(active.length > 0 ? [`${active.length} running, up to ${view.parallel} side by side`] : []),
    ...(elapsed === undefined ? [] : [`${duration(elapsed)} since the start`]),
    ...(secondsLeft === undefined ? [] : [`about ${duration(secondsLeft)} left`]),
  ].join(' · ');
}

/** `3 failed`, `3 failed (1 diverged)`. */
export function failedText(failed: number, diverged: number): string {
  return `${failed} failed${diverged > 0 ? ` (${diverged} diverged)` : ''}`;
}

function shareOf({ state, done = 0, planned = 0 }: StudyRunView): number {
  return state === 'finished' ? 1 : planned === 0 ? 0 : Math.min(1, done / planned);
}
