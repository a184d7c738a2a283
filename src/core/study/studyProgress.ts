import { secondsLeft, type Run } from '../run/run.ts';

/**
 * Estimated seconds until `parallel` trainers have ended the runs with these keys; undefined before the first epoch of any
 * run. `runs` are the study's runs by key, finished ones included: a run that has not begun is taken for an average one.
 */
export function studySecondsLeft(remaining: readonly string[], runs: ReadonlyMap<string, Run>, parallel: number): number | undefined {
  const estimates = [...runs.values()].flatMap((run) => {
    const left = run.ended?.state === 'finished' ? 0 : secondsLeft(run);
    return left === undefined ? [] : [{ run, left, total: trainedSeconds(run) + left }];
  });
  if (estimates.length === 0) return undefined;
  const mean = estimates.reduce((sum, { total }) => sum + total, 0) / estimates.length;
  const lefts = remaining.map((key) => estimates.find(({ run }) => run === runs.get(key))?.left ?? mean);
  // Trainers cannot share a run: the end is not before that of the longest one.
  return Math.max(0, ...lefts, lefts.reduce((sum, left) => sum + left, 0) / Math.max(1, parallel));
}

/** Seconds that the epochs of a run took. */
function trainedSeconds(run: Run): number {
  return run.stages.flatMap((stage) => stage.epochs).reduce((sum, epoch) => sum + epoch.seconds, 0);
}
