import type { MissingRun, StudyRunView, StudyView } from '../src/core/protocol.ts';
import { missingText as reasonText, seedsText } from '../src/core/study/studyCells.ts';

/** What a run that is missing is doing: `running 3/8`, `failed: reason`. */
export function missingText(each: MissingRun, runs: readonly StudyRunView[]): string {
  const { key, state } = each;
  const run = runs.find((each) => each.key === key);
  if (state === 'running' || state === 'paused')
    return run?.planned === undefined ? state : `${state} ${run.done ?? 0}/${run.planned}`;
  return reasonText(each, each.message ?? run?.message);
}

/** All runs that are missing in one line; seeds of which the same is to be said stand together. */
export function missingSummary(missing: readonly MissingRun[], runs: readonly StudyRunView[]): string {
  const texts = new Set(missing.map((each) => missingText(each, runs)));
  return [...texts]
    .map((text) => {
      const seeds = missing.filter((each) => missingText(each, runs) === text).map(({ seed }) => seed);
      return `${seedsText(seeds)}: ${text}`;
    })
    .join(' · ');
}

/** Keys of the runs that can be started: no trainer has them in hand, and they are not at their end. */
export function startable(missing: readonly MissingRun[]): string[] {
  return missing.filter(({ state }) => !['running', 'paused', 'finished'].includes(state)).map(({ key }) => key);
}

/** Why no run can be started now, or undefined. */
export function whyNoStart({ state, trusted }: Pick<StudyView, 'state' | 'trusted'>): string | undefined {
  if (!trusted) return 'This workspace is in Restricted Mode: trust it to train here.';
  return state === 'running' ? 'The study is running: stop it first, or wait until it ends.' : undefined;
}
