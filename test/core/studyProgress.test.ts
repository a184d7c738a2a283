import { expect, it } from 'vitest';
import { emptyRun, type Run } from '../../src/core/run/run.ts';
import { studySecondsLeft } from '../../src/core/study/studyProgress.ts';
import { stageOf, startedOn } from './studyRuns.ts';

/** A run with so many of its planned epochs (10 seconds each) done. */
function runWith(done: number, planned: number, finished = false): Run {
  const stages = [stageOf('joint', ['gray'], Array.from({ length: done }, () => ({ gray: 0.5 })))];
  return { ...emptyRun, started: { ...startedOn(), plannedEpochs: planned }, stages, ...(finished ? { ended: { state: 'finished' as const } } : {}) };
}

it('takes a run that has not begun for an average one, and shares the rest between the trainers', () => {
  const runs = new Map([['a', runWith(4, 4, true)], ['b', runWith(2, 4)]]);
  // b has 2 epochs to go, c and d are taken for runs of 40 s: 100 s for two trainers.
  expect(studySecondsLeft(['b', 'c', 'd'], runs, 2)).toBe(50);
  // However many trainers there are, no run is shorter than itself.
  expect(studySecondsLeft(['b', 'c', 'd'], runs, 10)).toBe(40);
  expect(studySecondsLeft(['c'], new Map(), 1)).toBeUndefined();
});
