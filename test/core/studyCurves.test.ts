import { describe, expect, it } from 'vitest';
import { classificationMetrics } from '../../src/core/run/metrics.ts';
import { studyCurves } from '../../src/core/study/studyCurves.ts';
import type { StudyRun } from '../../src/core/study/studyResults.ts';
import { finishedWith, keyOf, planWith, stageOf } from './studyRuns.ts';

const weights = (consistency: number) => ({ consistency, complementary: 1 - consistency });

/** A run that trains gray for `epochs` epochs, then color as its follower for two. */
function udi(epochs: number, fused: readonly [number, number], alphas: readonly [number, number]): StudyRun {
  return finishedWith('r', { fusion: 0.9 }, { stages: [
    stageOf('unimodal:gray', ['gray'], Array.from({ length: epochs }, () => ({ gray: 0.5 }))),
    stageOf('follower:color', ['color'], fused.map((fusion) => ({ fusion, color: 0.3 })), alphas.map(weights)),
  ] });
}

describe('studyCurves', () => {
  const plan = planWith('components', [{ id: 'udi', label: 'UDI' }, { id: 'gray', target: 'gray' }, { id: 'sum' }]);
  const stages = [stageOf('unimodal:color', ['color'], [{ color: 0.4 }]), stageOf('unimodal:gray', ['gray'], [{ gray: 0.7 }])];
  const [curves, branch, without] = studyCurves(plan, new Map([
    [keyOf('udi', 0), udi(2, [0.6, 0.8], [0.2, 0.4])],
    [keyOf('udi', 1), udi(2, [0.8, 0.8], [0.4, 0.4])],
    [keyOf('udi', 2), udi(3, [0.5, 0.5], [0.6, 0.1])],
    [keyOf('gray', 0), { ...finishedWith('g', {}, { stages }), state: 'running' as const }],
  ]));

  it('name table, row and label', () => {
    expect(curves).toMatchObject({ table: 'components', row: 'udi', label: 'UDI' });
  });

  it('give mean and deviation of the accuracy by epoch of the whole run, without the stages that have none', () => {
    const { scores } = curves!;
    expect(scores.map(({ epoch, n }) => [epoch, n])).toEqual([[3, 2], [4, 3], [5, 1]]);
    // 0.6 and 0.8; then 0.8, 0.8 and 0.5, the first epoch of the follower that began later.
    const sd = [Math.sqrt(0.02), Math.sqrt(0.03)];
    expect(scores[0]).toMatchObject({ mean: expect.closeTo(0.7, 12), low: expect.closeTo(0.7 - sd[0]!, 12), high: expect.closeTo(0.7 + sd[0]!, 12) });
    expect(scores[1]).toMatchObject({ mean: expect.closeTo(0.7, 12), low: expect.closeTo(0.7 - sd[1]!, 12) });
    expect(scores[2]).toEqual({ epoch: 5, mean: 0.5, low: 0.5, high: 0.5, n: 1 });
  });

  it('count the weights from the beginning of the followers, so that seeds meet at the same point of them', () => {
    const { consistency, complementary } = curves!.alpha!;
    expect(consistency.map(({ epoch, n }) => [epoch, n])).toEqual([[1, 3], [2, 3]]);
    expect(consistency.map(({ mean }) => mean)).toEqual([expect.closeTo(0.4, 12), expect.closeTo(0.3, 12)]);
    expect(complementary[0]).toMatchObject({ mean: expect.closeTo(0.6, 12), low: expect.closeTo(0.4, 12), high: expect.closeTo(0.8, 12) });
  });

  it('show runs that still train, follow the target of the row, and have no weights where the method has none', () => {
    expect(branch!.scores).toEqual([{ epoch: 1, mean: 0.7, low: 0.7, high: 0.7, n: 1 }]);
    expect(branch).not.toHaveProperty('alpha');
  });

  it('are empty for rows without runs', () => {
    expect(without).toEqual({ table: 'components', row: 'sum', label: 'sum', metric: classificationMetrics[0], scores: [] });
  });
});
