import { describe, expect, it } from 'vitest';
import { classificationMetrics } from '../../src/core/run/metrics.ts';
import { startedOn } from './studyRuns.ts';
import { changedKeys, distinctTitles, scoreRows } from '../../src/core/run/compare.ts';
import { runConfigSchema, type RunConfig } from '../../src/core/config/config.ts';
import { emptyRun, type Run } from '../../src/core/run/run.ts';

function config(changes: { method?: object; seed?: number; name?: string } = {}): RunConfig {
  return runConfigSchema.parse({
    name: changes.name ?? 'a',
    dataset: { name: 'cgmnist', root: '/data' },
    model: { fusion: 'sum' },
    method: { name: 'udi', alpha: 'dynamic', ...changes.method },
    training: { epochs: 10, seed: changes.seed ?? 0 },
    device: 'auto',
  });
}

function tested(scores: Record<string, number>): Run {
  const test = Object.fromEntries(Object.entries(scores).map(([target, accuracy]) =>
    [target, { accuracy, f1: accuracy / 2, loss: 0, entropy: 0, recall: [], confusion: [] }]));
  return { ...emptyRun, started: startedOn({ modalities: Object.keys(scores).filter((each) => each !== 'fusion') }), test };
}

describe('changedKeys', () => {
  it('is empty for equal configs, whatever their names', () => {
    expect(changedKeys([config({ name: 'a' }), config({ name: 'b' })])).toEqual([]);
  });

  it('names nested keys by path and leaves empty what a run does not have', () => {
    const changed = changedKeys([config(), config({ seed: 3, method: { alpha: { consistency: 0.5, complementary: 0 } } })]);
    expect(changed).toEqual([
      { key: 'method.alpha', values: ['dynamic', ''] },
      { key: 'training.seed', values: ['0', '3'] },
      { key: 'method.alpha.consistency', values: ['', '0.5'] },
      { key: 'method.alpha.complementary', values: ['', '0'] },
    ]);
  });
});

describe('scoreRows', () => {
  it('marks the best run of every row, ties included, and puts fusion last', () => {
    const rows = scoreRows([tested({ fusion: 0.9, gray: 0.8 }), tested({ fusion: 0.7, gray: 0.8 })]);
    expect(rows.map(({ target, metric, best }) => [target, metric.label, best])).toEqual([
      ['gray', 'ACC', [0, 1]], ['gray', 'F1', [0, 1]], ['fusion', 'ACC', [0]], ['fusion', 'F1', [0]],
    ]);
  });

  it('leaves out what a run has not got and does not call a single value the best', () => {
    const [row] = scoreRows([tested({ gray: 0.8 }), emptyRun]);
    expect(row).toEqual({ target: 'gray', metric: classificationMetrics[0], values: [0.8, null], best: [] });
  });

  it('has no rows before any test', () => {
    expect(scoreRows([emptyRun, emptyRun])).toEqual([]);
  });
});

describe('distinctTitles', () => {
  it('adds the end of the id to titles that several runs share, and to no others', () => {
    const runs = [{ id: 'x-00aa', title: 'a' }, { id: 'x-00bb', title: 'a' }, { id: 'x-00cc', title: 'b' }];
    expect(distinctTitles(runs)).toEqual(['a (00aa)', 'a (00bb)', 'b']);
  });
});
