import { describe, expect, it } from 'vitest';
import { emptyRun } from '../../src/core/run/run.ts';
import type { Metric } from '../../src/core/run/events.ts';
import type { StudyRun, StudyRuns, StudyTable } from '../../src/core/study/studyResults.ts';
import { studyTables } from '../../src/core/study/studyTables.ts';
import { catalog } from './studyFixture.ts';
import { cellIn, finishedWith, fusedRuns, keyOf, planWith, stageOf, startedOn } from './studyRuns.ts';

function tableOf(plan: ReturnType<typeof planWith>, runs: StudyRuns): StudyTable {
  return studyTables(plan, runs, catalog)[0]!;
}

const mae: Metric = { id: 'mae', label: 'MAE', unit: 's', better: 'lower', format: 'number', digits: 3 };

/** Finished runs of another program, which are scored by their error alone. */
function foreignRuns(rows: Readonly<Record<string, readonly number[]>>): Map<string, StudyRun> {
  return new Map(Object.entries(rows).flatMap(([row, values]) => values.map((value, seed) => [keyOf(row, seed), {
    id: `${row}-${seed}`, state: 'finished' as const,
    run: { ...emptyRun, started: { ...startedOn(), metrics: [mae] }, test: { fusion: { mae: value } }, ended: { state: 'finished' as const } },
  }] as const)));
}

const udiAndSum = planWith('methods', [{ id: 'sum' }, { id: 'udi' }]);

describe('scores', () => {
  it('are the test scores by seed, with mean, sample standard deviation and 95 % interval', () => {
    const cell = cellIn(tableOf(udiAndSum, fusedRuns({ udi: [0.9, 0.92, 0.97] })), 'udi')!;
    expect(cell.values).toEqual([
      { seed: 0, run: 'udi-0', value: 0.9 }, { seed: 1, run: 'udi-1', value: 0.92 }, { seed: 2, run: 'udi-2', value: 0.97 },
    ]);
    expect(cell.missing).toEqual([]);
    expect(cell.mean).toBeCloseTo(0.93, 12);
    // Sum of squares 0.0009 + 0.0001 + 0.0016 over 2; t(2, 97.5 %) = 4.302653.
    expect(cell.sd).toBeCloseTo(Math.sqrt(0.0013), 12);
    expect(cell.interval![1]).toBeCloseTo(0.93 + 4.302653 * Math.sqrt(0.0013 / 3), 6);
    expect(cellIn(tableOf(udiAndSum, fusedRuns({ udi: [0.9] })), 'udi', 'fusion', 'f1')!.mean).toBeCloseTo(0.89, 12);
  });

  it('have neither spread nor interval with one seed, and no mean without any', () => {
    const table = tableOf(udiAndSum, fusedRuns({ udi: [0.9] }));
    expect(cellIn(table, 'udi')).toMatchObject({ mean: 0.9 });
    expect(cellIn(table, 'udi')).not.toHaveProperty('sd');
    expect(cellIn(table, 'udi')).not.toHaveProperty('interval');
    expect(cellIn(table, 'sum')).not.toHaveProperty('mean');
  });

  it('say of every other seed what its run is doing', () => {
    const runs = fusedRuns({ udi: [0.9] });
    runs.set(keyOf('udi', 1), { id: 'r1', state: 'failed', run: { ...emptyRun, ended: { state: 'failed', error: { message: 'Not finite.' } } } });
    runs.set(keyOf('sum', 0), { id: 'r2', state: 'running', run: emptyRun });
    const table = tableOf(udiAndSum, runs);
    expect(cellIn(table, 'udi')!.missing).toEqual([
      { seed: 1, key: 'udi@1', run: 'r1', state: 'failed', message: 'Not finite.' },
      { seed: 2, key: 'udi@2', state: 'missing' },
    ]);
    expect(cellIn(table, 'sum')!.missing.map(({ state }) => state)).toEqual(['running', 'missing', 'missing']);
    expect(table.rows.map((row) => row.runs)).toEqual([['r2'], ['udi-0', 'r1']]);
  });

  it('say which runs diverged, failed and are missing, and count no run without a score as finished', () => {
    const runs = fusedRuns({ udi: [0.9, NaN], sum: [0.8] });
    const failed = (error: object) => ({ id: 'f', state: 'failed' as const, run: { ...emptyRun, ended: { state: 'failed' as const, error: { message: 'No.', ...error } } } });
    runs.set(keyOf('sum', 1), failed({ diverged: { stage: 'joint', epoch: 2 } }));
    runs.set(keyOf('sum', 2), failed({}));
    runs.set(keyOf('udi', 2), { id: 'e', state: 'finished', run: { ...emptyRun, ended: { state: 'finished' } } });
    const table = tableOf(planWith('methods', [{ id: 'sum' }, { id: 'udi' }, { id: 'ogm' }]), runs);
    expect(table.counts).toEqual({ planned: 9, finished: 2, diverged: 2, failed: 1, unscored: 1, missing: 3 });
    expect(cellIn(table, 'udi')!.values).toHaveLength(1);
    expect(cellIn(table, 'udi')!.missing).toMatchObject([{ seed: 1, state: 'finished', diverged: true }, { seed: 2, state: 'finished', message: 'It ended without a score of fusion (ACC).' }]);
    expect(cellIn(table, 'sum')!.missing).toMatchObject([{ seed: 1, state: 'failed', diverged: true }, { seed: 2, state: 'failed' }]);
  });

  it('do not count before the run has ended', () => {
    const tested = finishedWith('r', { fusion: 0.9 });
    const cell = cellIn(tableOf(udiAndSum, new Map([[keyOf('udi', 0), { ...tested, state: 'running' as const }]])), 'udi')!;
    expect(cell.values).toEqual([]);
    expect(cell.missing).toHaveLength(3);
  });
});

describe('columns', () => {
  const scores = { color: 0.6, gray: 0.9, fusion: 0.8 };

  it('are fusion, then the modalities in the order of the dataset', () => {
    const table = tableOf(udiAndSum, new Map([[keyOf('udi', 0), finishedWith('r', scores)]]));
    expect(table.targets).toEqual(['fusion', 'gray', 'color']);
    expect(table.rows[1]!.cells.map(({ target, metric }) => `${target} ${metric}`)).toEqual([
      'fusion accuracy', 'fusion f1', 'gray accuracy', 'gray f1', 'color accuracy', 'color f1']);
  });

  it('are the headline and what the plan names while nothing has started', () => {
    const plan = planWith('methods', [{ id: 'udi' }, { id: 'unimodal:gray', target: 'gray' }]);
    expect(tableOf(plan, new Map()).targets).toEqual(['fusion', 'gray']);
  });

  it('give a single branch only its own', () => {
    const plan = planWith('methods', [
      { id: 'unimodal:gray', target: 'gray', shares: 'unimodal' }, { id: 'unimodal:color', target: 'color', shares: 'unimodal' }, { id: 'sum' },
    ]);
    const runs = new Map([[keyOf('unimodal', 0), finishedWith('u', { gray: 0.9, color: 0.6 })], [keyOf('sum', 0), finishedWith('s', scores)]]);
    const table = tableOf(plan, runs);
    expect(table.targets).toEqual(['fusion', 'gray', 'color']);
    expect(table.rows.map(({ target, cells }) => [target, ...new Set(cells.map((cell) => cell.target))])).toEqual([
      ['gray', 'gray'], ['color', 'color'], ['fusion', 'fusion', 'gray', 'color']]);
    expect(cellIn(table, 'unimodal:color', 'color')!.mean).toBe(0.6);
  });

  it('have the branch as headline where all rows stand for the same one', () => {
    const plan = planWith('grid', [{ id: 'a', target: 'gray' }, { id: 'b', target: 'gray' }]);
    const table = tableOf(plan, new Map(['a', 'b'].flatMap((row) => [0, 1].map((seed) =>
      [keyOf(row, seed), finishedWith(row + seed, { gray: row === 'a' ? 0.9 : 0.8 })] as const))));
    expect(table.targets).toEqual(['gray']);
    expect(cellIn(table, 'a', 'gray')!.rank).toBe('best');
    expect(table.comparisons).toMatchObject([{ left: 'a', right: 'b', n: 2 }]);
  });

  it('leave out what the runs of a row do not score, instead of calling it missing', () => {
    const plan = planWith('grid', [{ id: 'all branches' }, { id: 'sum' }]);
    const table = tableOf(plan, new Map([[keyOf('all branches', 0), finishedWith('u', { gray: 0.9, color: 0.6 })], [keyOf('sum', 0), finishedWith('s', scores)]]));
    expect(cellIn(table, 'all branches')).toBeUndefined();
    expect(cellIn(table, 'all branches', 'color')!.mean).toBe(0.6);
  });
});

describe('ranks', () => {
  const ranks = (rows: Record<string, (number | undefined)[]>) => {
    const table = tableOf(planWith('grid', Object.keys(rows).map((id) => ({ id }))), fusedRuns(rows));
    return table.rows.map(({ id }) => cellIn(table, id)!.rank);
  };

  it('mark the best and the second mean of a column', () => {
    expect(ranks({ a: [0.7, 0.7], b: [0.9, 0.9], c: [0.8, 0.82], d: [] })).toEqual([undefined, 'best', 'second', undefined]);
  });

  it('are shared by equal means', () => {
    expect(ranks({ a: [0.9, 0.9], b: [0.9, 0.9 - 1e-10], c: [0.8, 0.8], d: [0.8, 0.8], e: [0.7, 0.7] })).toEqual(['best', 'best', 'second', 'second', undefined]);
    expect(ranks({ a: [0.9, 0.9], b: [0.9, 0.9] })).toEqual(['best', 'best']);
  });

  it('are not given to the only row with a value, nor to single seeds', () => {
    expect(ranks({ a: [0.9, 0.9], b: [] })).toEqual([undefined, undefined]);
    expect(ranks({ a: [0.99], b: [0.8, 0.8], c: [0.7, 0.7], d: [0.75] })).toEqual([undefined, 'best', 'second', undefined]);
    expect(ranks({ a: [0.9], b: [0.8] })).toEqual([undefined, undefined]);
  });

  it('do not set a branch that was trained alone against the branches of fused models', () => {
    const table = tableOf(planWith('grid', [{ id: 'reconboost' }, { id: 'sum' }, { id: 'udi' }]), new Map([0, 1].flatMap((seed) => [
      [keyOf('reconboost', seed), finishedWith(`r${seed}`, { gray: 0.99 }, { stages: [stageOf('boosting:gray#1', ['gray'], [{ gray: 0.99 }])] })],
      [keyOf('sum', seed), finishedWith(`s${seed}`, { gray: 0.5, fusion: 0.6 })],
      [keyOf('udi', seed), finishedWith(`u${seed}`, { gray: 0.7, fusion: 0.8 })],
    ] as const)));
    expect(['reconboost', 'sum', 'udi'].map((id) => cellIn(table, id, 'gray')!.rank)).toEqual([undefined, 'second', 'best']);
    // It was to be fused: the score is missing, and not a thing that the row does not have.
    expect(cellIn(table, 'reconboost')!.missing[0]).toEqual({ seed: 0, key: 'reconboost@0', run: 'r0', state: 'finished', message: 'It ended without a score of fusion (ACC).' });
    expect(table.counts).toEqual({ planned: 9, finished: 4, diverged: 0, failed: 0, unscored: 2, missing: 3 });
  });

  it('follow the metric: where lower is better, the lowest mean is best', () => {
    const table = tableOf(planWith('grid', [{ id: 'a' }, { id: 'b' }, { id: 'c' }]), foreignRuns({ a: [3, 3.1, 3.2], b: [1, 1.1, 1.2], c: [2, 2.1, 2.2] }));
    expect(['a', 'b', 'c'].map((id) => cellIn(table, id, 'fusion', 'mae')!.rank)).toEqual([undefined, 'best', 'second']);
    expect(table.metrics).toEqual([mae]);
    expect(table.comparisons.map(({ left, right }) => [left, right])).toEqual([['b', 'a'], ['b', 'c']]);
  });

  it('leave single branches out of the headline and have them in their own column', () => {
    const plan = planWith('methods', [{ id: 'unimodal:gray', target: 'gray' }, { id: 'sum' }, { id: 'udi' }]);
    const table = tableOf(plan, new Map([
      ...[0, 1].flatMap((seed) => [
        [keyOf('unimodal:gray', seed), finishedWith('u', { gray: 0.99 })],
        [keyOf('sum', seed), finishedWith('s', { gray: 0.5, fusion: 0.6 })],
        [keyOf('udi', seed), finishedWith('d', { gray: 0.98, fusion: 0.9 })],
      ] as const),
    ]));
    expect(table.rows.map(({ cells }) => cells.filter(({ metric }) => metric === 'accuracy').map(({ target, rank }) => `${target} ${rank}`))).toEqual([
      ['gray best'], ['fusion second', 'gray undefined'], ['fusion best', 'gray second']]);
    expect(table.comparisons.map(({ right }) => right)).toEqual(['sum']);
  });

  it('say by multiple comparisons with the best whether a row may be the best, too', () => {
    const table = tableOf(planWith('grid', ['a', 'b', 'c', 'd'].map((id) => ({ id }))), fusedRuns({
      a: [0.90, 0.92, 0.94],
      // Apart by 0.02 in every seed but for noise, although the seeds themselves are further apart.
      b: [0.881, 0.90, 0.919],
      c: [0.93, 0.88, 0.93],
      d: [0.91],
    }));
    expect(['a', 'b', 'c', 'd'].map((id) => cellIn(table, id)!.tied)).toEqual([undefined, false, true, undefined]);
  });
});

describe('training seconds', () => {
  const stages = [stageOf('unimodal:gray', ['gray'], [{ gray: 0.1 }, { gray: 0.2 }]), stageOf('unimodal:color', ['color'], [{ color: 0.1 }])];

  it('are the mean over finished runs of all their epochs, cached stages included', () => {
    const cached = stages.map((stage) => ({ ...stage, ended: { keptEpoch: 1, reason: 'completed' as const, validation: {}, cached: true } }));
    const table = tableOf(udiAndSum, new Map([
      [keyOf('udi', 0), finishedWith('a', { fusion: 0.9 }, { stages: cached })],
      [keyOf('udi', 1), finishedWith('b', { fusion: 0.9 }, { stages: stages.slice(0, 1) })],
      [keyOf('udi', 2), { ...finishedWith('c', {}, { stages }), state: 'interrupted' as const }],
    ]));
    expect(table.rows.map(({ seconds }) => seconds)).toEqual([undefined, 25]);
  });

  it('are those of the own stages in the row of a single branch', () => {
    const plan = planWith('methods', [{ id: 'unimodal:gray', target: 'gray', shares: 'u' }, { id: 'unimodal:color', target: 'color', shares: 'u' }]);
    const table = tableOf(plan, new Map([[keyOf('u', 0), finishedWith('u', { gray: 0.9, color: 0.6 }, { stages })]]));
    expect(table.rows.map(({ seconds }) => seconds)).toEqual([20, 10]);
  });
});

describe('comparisons', () => {
  it('set the method itself against every other row, adjusted over the table', () => {
    const table = tableOf(planWith('alpha', ['0,1', '1,0', '0,0', 'dynamic'].map((id) => ({ id, seeds: [0, 1, 2, 3] }))), fusedRuns({
      '0,1': [0.881, 0.90, 0.919, 0.94],
      '1,0': [0.93, 0.88, 0.93, 0.95],
      '0,0': [0.5, 0.5],
      'dynamic': [0.90, 0.92, 0.94, 0.96],
    }));
    const [first, second, third] = table.comparisons;
    expect(table.comparisons.map(({ left, right, n }) => [left, right, n])).toEqual([['dynamic', '0,1', 4], ['dynamic', '1,0', 4], ['dynamic', '0,0', 2]]);
    expect(first!.difference).toBeCloseTo(0.02, 12);
    // t = 0.02 / (sqrt(2e-6 / 3) / 2) = 48.99 with 3 degrees of freedom: p = 1.87e-5, three times that by Bonferroni.
    expect(first!.pairedT!.p).toBeCloseTo(3 * 1.87e-5, 6);
    expect(first!.verdict).toBe('left is better (p < 0.001; Wilcoxon cannot fall below 0.375 with so few pairs)');
    expect(first!.wilcoxon!.p).toBe(0.375);
    expect(first!.pairedT!.interval[0]).toBeGreaterThan(0);
    expect(table.comparisonNote).toBe('p values and 95 % intervals are adjusted by Bonferroni over the 3 comparisons.');
    expect(second!.pairedT!.p).toBeGreaterThan(0.05);
    expect(second!.verdict).toContain('no difference shown');
    expect(third).toEqual({ left: 'dynamic', right: '0,0', n: 2, difference: expect.closeTo(0.41, 12), verdict: 'n = 2: too few to tell' });
  });

  it('take the best row where none is the method itself, and only seeds that both have', () => {
    const table = tableOf(planWith('grid', ['a', 'b', 'c'].map((id) => ({ id }))), fusedRuns({ a: [0.5], b: [undefined, 0.9, 0.9], c: [0.7, 0.8] }));
    expect(table.comparisons).toMatchObject([{ left: 'b', right: 'c', n: 1, difference: expect.closeTo(0.1, 12) }]);
  });

  it('say that a reference was chosen from the same data, and adjust over all pairs of rows for it', () => {
    const rows = { a: [0.90, 0.92, 0.94, 0.96], b: [0.881, 0.90, 0.919, 0.94], c: [0.87, 0.90, 0.93, 0.93], d: [0.8, 0.8, 0.85, 0.81] };
    const grid = tableOf(planWith('grid', Object.keys(rows).map((id) => ({ id, seeds: [0, 1, 2, 3] }))), fusedRuns(rows));
    const [first] = grid.comparisons;
    expect(first!.pairedT!.p).toBeCloseTo(6 * 1.87e-5, 6);
    expect(grid.comparisonNote).toBe('a is the reference because it is the best row of these same data. So that this choice does not count as evidence, '
      + 'p values and 95 % intervals are adjusted by Bonferroni over all 6 pairs of the 4 rows.');
  });

  it('leave out 0 with the interval just where the adjusted p is below 0.05', () => {
    const random = [0.3, 0.7, 0.1, 0.9, 0.5, 0.2, 0.8, 0.4, 0.6, 0.35, 0.75, 0.15];
    for (let shift = 0; shift < 20; shift++) {
      const row = (start: number) => [0, 1, 2, 3, 4].map((seed) => 0.5 + 0.1 * random[(start + seed * 5 + shift) % random.length]! + 0.01 * start);
      const rows = { a: row(1), b: row(2), c: row(7), d: row(12) };
      const table = tableOf(planWith('grid', Object.keys(rows).map((id) => ({ id, seeds: [0, 1, 2, 3, 4] }))), fusedRuns(rows));
      for (const { pairedT, verdict } of table.comparisons) {
        const outside = pairedT!.interval[0] > 0 || pairedT!.interval[1] < 0;
        expect([outside, verdict.includes('is better')]).toEqual([pairedT!.p < 0.05, pairedT!.p < 0.05]);
      }
    }
  });
});

describe('beside the paper', () => {
  const finished = (scores: Record<string, number>, started = startedOn()) => finishedWith('r', scores, { started });

  it('stand the published shares in the cells of the row itself', () => {
    const plan = planWith('methods', [{ id: 'unimodal:gray', target: 'gray', seeds: [0] }, { id: 'sum', seeds: [0] }]);
    const table = tableOf(plan, new Map([[keyOf('unimodal:gray', 0), finished({ gray: 0.98 })], [keyOf('sum', 0), finished({ fusion: 0.6, gray: 0.5 })]]));
    expect(cellIn(table, 'unimodal:gray', 'gray')!.paper!.value).toBeCloseTo(0.9932, 12);
    expect(cellIn(table, 'sum')!.paper!.value).toBeCloseTo(0.6407, 12);
    expect(cellIn(table, 'sum', 'fusion', 'f1')!.paper!.value).toBeCloseTo(0.6368, 12);
    expect(cellIn(table, 'sum', 'gray')).not.toHaveProperty('paper');
    expect(table).not.toHaveProperty('paperNote');
  });

  it('stand no numbers but the reason where the protocol differs', () => {
    const table = tableOf(udiAndSum, new Map(['udi', 'sum'].map((row) => [keyOf(row, 0), finished({ fusion: 0.6 }, startedOn({ train: 5_400 }))])));
    expect(table.rows.flatMap(({ cells }) => cells.flatMap(({ paper }) => paper ?? []))).toEqual([]);
    expect(table.paperNote).toBe('Not compared with the paper: Trained on 5,400 of 60,000 samples, with 6,000 more for validation.');
  });

  it('are only the rows that follow its protocol', () => {
    const table = tableOf(udiAndSum, new Map([[keyOf('udi', 0), finished({ fusion: 0.9 })], [keyOf('sum', 0), finished({ fusion: 0.6 }, startedOn({ train: 5_400 }))]]));
    expect(cellIn(table, 'udi')).toHaveProperty('paper');
    expect(cellIn(table, 'sum')).not.toHaveProperty('paper');
    expect(table.paperNote).toMatch(/^Not compared with the paper \(sum\): Trained on 5,400 /);
  });

  it('reads what the plan sets, too', () => {
    const table = tableOf(planWith('methods', [{ id: 'sum' }], [], { batchSize: 32 }), new Map([[keyOf('sum', 0), finished({ fusion: 0.6 })]]));
    expect(table.paperNote).toBe('Not compared with the paper: Batch size 32 instead of 64.');
  });

  it('say nothing of datasets that it does not have, or before anything has started', () => {
    const other = tableOf(udiAndSum, new Map([[keyOf('sum', 0), finished({ fusion: 0.6 }, startedOn({ name: 'digits' }))]]));
    for (const table of [other, tableOf(udiAndSum, new Map())]) {
      expect(table).not.toHaveProperty('paperNote');
      expect(cellIn(table, 'sum')).not.toHaveProperty('paper');
    }
  });
});

describe('the split of the selection', () => {
  it.each([
    ['validation', ['validation', 'validation']], ['test', ['test', 'test']], ['mixed', ['validation', 'test']], ['validation', []],
  ] as const)('is %s for runs selected on %j', (expected, splits) => {
    const runs = splits.map((selectedOn, seed) => [keyOf('udi', seed), finishedWith('r', { fusion: 0.9 }, { selectedOn })] as const);
    expect(tableOf(udiAndSum, new Map(runs)).selectedOn).toBe(expected);
  });
});
