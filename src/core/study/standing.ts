import type { Run, RunState } from '../run/run.ts';

/** What a study needs to know of a run to say where it stands. */
export interface Standing {
  readonly run: { readonly test?: Run['test'] | undefined; readonly ended?: Run['ended'] | undefined };
  readonly state: RunState;
}

/** Where a run stands in its study: a run that finished without test scores that are numbers is not done, it is `incomplete`. */
export function standingOf({ run, state }: Standing): RunState | 'incomplete' {
  return state === 'finished' && !hasTestScores(run) ? 'incomplete' : state;
}

/** Whether a loss, score or reading of a run was not finite. */
export function hasDiverged({ run }: Pick<Standing, 'run'>): boolean {
  return run.ended?.error?.diverged !== undefined || Object.values(run.test ?? {}).some((scores) => Object.values(scores).some((score) => typeof score === 'number' && !Number.isFinite(score)));
}

/** Why a run is not done although it ended, in one sentence; undefined if it says nothing itself. */
export function reasonOf({ run, state }: Standing): string | undefined {
  if (standingOf({ run, state }) !== 'incomplete') return run.ended?.error?.message;
  return run.test ? 'It finished with test scores that are not finite.' : 'It finished without test scores.';
}

/** How many runs of a study are done, for a sentence: `3 of 4 runs finished, 1 diverged`. */
export function standingText(planned: number, runs: readonly Standing[]): string {
  const count = (is: (run: Standing) => boolean): number => runs.filter(is).length;
  const parts = [
    [count((run) => hasDiverged(run)), 'diverged'],
    [count((run) => run.state === 'failed' && !hasDiverged(run)), 'failed'],
    [count((run) => standingOf(run) === 'incomplete' && !hasDiverged(run)), 'without test scores'],
    [count(({ state }) => state === 'unreadable'), 'unreadable'],
  ] as const;
  const more = parts.filter(([number]) => number > 0).map(([number, what]) => `, ${number} ${what}`).join('');
  return `${count((run) => standingOf(run) === 'finished')} of ${planned} ${planned === 1 ? 'run' : 'runs'} finished${more}`;
}

function hasTestScores({ test }: Standing['run']): boolean {
  const targets = Object.values(test ?? {});
  return targets.length > 0 && targets.every((scores) => Object.values(scores).every((score) => typeof score !== 'number' || Number.isFinite(score)));
}
