import { describe, expect, it } from 'vitest';
import { canResume, progressOf, secondsLeft, type RunState } from '../../src/core/run/run.ts';
import { actionsFor, reachText, runProgress } from '../../webview/progress.ts';
import { fixtures, runningRun } from './runs.ts';

// A page may import only types from core, so it has its own versions of these; they must not drift apart.
describe.each(Object.entries(fixtures))('the page agrees with core about a run: %s', (_, create) => {
  const { view } = create();

  it('in its epochs and the time that is left', () => {
    const { done, planned, secondsLeft: left } = runProgress({ ...view, progress: undefined }, view.run.lastTime ?? 0);
    const expected = progressOf(view.run);
    expect([done, planned]).toEqual([expected.done, expected.planned]);
    expect(left).toEqual(secondsLeft(view.run));
  });
});

it('offers to resume what core can resume', () => {
  const states: readonly RunState[] = [
    'running',
    'paused',
    'finished',
    'stopped',
    'cancelled',
    'failed',
    'interrupted',
  ];
  for (const state of states) expect(actionsFor({ state }).includes('resume')).toBe(canResume(state));
});

it('offers nothing for a run that trains elsewhere, and no pause where there is no socket, and says why', () => {
  expect(actionsFor({ state: 'running', elsewhere: 'gpu3' })).toEqual([]);
  expect(reachText({ elsewhere: 'gpu3' })).toMatch(/^Trains on gpu3, .*cannot be reached from here/);
  expect(actionsFor({ state: 'interrupted' })).toEqual(['resume']);
  expect(actionsFor({ state: 'interrupted', foreign: true })).toEqual([]);
  expect(actionsFor({ state: 'running', noSocket: true })).toEqual(['stop', 'cancel']);
  expect(reachText({ noSocket: true })).toMatch(/no socket.*not paused/);
  expect(reachText({})).toBeUndefined();
});

it('counts the share of the open epoch, and not the time in which the run was interrupted', () => {
  const { view } = runningRun(3);
  const now = view.run.lastTime! + 2000;
  const { done, planned, share, secondsLeft: left, secondsTrained } = runProgress(view, now);
  expect([done, planned]).toEqual([19, 24]);
  expect(share).toBeCloseTo((19 + 40 / 94) / 24);
  expect(left).toBeCloseTo((5 - 40 / 94) * 6.4);
  expect(secondsTrained).toBeCloseTo(19 * 6.4 + 2);
  // The next epoch is in the journal, and the last message of its steps is still there.
  expect(runProgress({ ...runningRun(4).view, progress: view.progress }, now).share).toBeCloseTo(20 / 24);
  expect(runProgress({ ...view, state: 'interrupted' }, now + 1e8).secondsTrained).toBeCloseTo(19 * 6.4);
});
