import { describe, expect, it } from 'vitest';
import { emptyRun, type Run } from '../../src/core/run/run.ts';
import { isBetterRun } from '../../src/core/study/studyStore.ts';
import { hasDiverged, reasonOf, standingOf, standingText, type Standing } from '../../src/core/study/standing.ts';
import { needOf } from '../../src/trainer/study/scheduler.ts';
import { finishedWith } from './studyRuns.ts';

const done: Standing = finishedWith('done', { fusion: 0.9 });
const untested: Standing = { state: 'finished', run: { ...emptyRun, ended: { state: 'finished' } } };
const bad: Standing = finishedWith('bad', { fusion: NaN });
const failed = (error: NonNullable<NonNullable<Run['ended']>['error']>): Standing => ({ state: 'failed', run: { ...emptyRun, ended: { state: 'failed', error } } });
const diverged = failed({ message: 'It diverged.', diverged: { stage: 'joint', epoch: 2 } });

describe('where a run stands in its study', () => {
  it('is done only with test scores that are numbers', () => {
    expect([done, untested, bad, diverged].map(standingOf)).toEqual(['finished', 'incomplete', 'incomplete', 'failed']);
    expect([done, untested, bad, diverged].map(reasonOf)).toEqual([undefined, 'It finished without test scores.', 'It finished with test scores that are not finite.', 'It diverged.']);
    expect([done, untested, bad, diverged].map(hasDiverged)).toEqual([false, false, true, true]);
  });

  it('is counted in one sentence', () => {
    expect(standingText(7, [done, untested, bad, diverged, failed({ message: 'No data.' }), { ...done, state: 'unreadable' }]))
      .toBe('1 of 7 runs finished, 2 diverged, 1 failed, 1 without test scores, 1 unreadable');
    expect(standingText(1, [])).toBe('0 of 1 run finished');
  });

  it('decides what is trained again, and which of two runs counts', () => {
    expect(needOf(standingOf(done), false)).toBe('nothing');
    expect(needOf(standingOf(untested), false)).toBe('create');
    const dated = (run: Standing, created: number) => ({ ...run, id: String(created), created });
    expect(isBetterRun(dated(done, 1), dated(untested, 2))).toBe(true);
    expect(isBetterRun(dated(bad, 2), dated(done, 1))).toBe(false);
  });
});
