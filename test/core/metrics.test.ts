import { describe, expect, it } from 'vitest';
import { metricDifference, metricText } from '../../src/core/format.ts';
import { runEventSchema, type Metric, type RunEvent } from '../../src/core/run/events.ts';
import { bestValue, classificationMetrics, metricsOf, scoreOf, testScore } from '../../src/core/run/metrics.ts';
import { foldEvents, headlineOf } from '../../src/core/run/run.ts';

const mae: Metric = { id: 'mae', label: 'MAE', unit: 's', better: 'lower', format: 'number', digits: 3 };

const started = {
  seq: 1, time: 0, type: 'started', name: 'a', version: '1', seed: 0, method: { name: 'other', label: 'Other' }, fusion: 'sum', plannedEpochs: 1,
  dataset: { name: 'times', fingerprint: 'f', classes: [], modalities: [], sizes: { train: 1, validation: 1, test: 1 } },
  backend: { id: 'other', device: 'other', skipped: [] },
};

function read(event: object): RunEvent {
  return runEventSchema.parse(JSON.parse(JSON.stringify(event)));
}

describe('the metrics in a journal', () => {
  it('are those of a classification where it names none, as journals before did', () => {
    expect(metricsOf(foldEvents([read(started)]))).toEqual(classificationMetrics);
  });

  it('are whatever a trainer names, with scores by their ids and no classes at all', () => {
    const run = foldEvents([
      read({ ...started, metrics: [mae] }),
      read({ seq: 2, time: 1, type: 'test', selectedOn: 'validation', scores: { fusion: { mae: 0.4136, loss: 2 } } }),
    ]);
    expect(metricsOf(run)).toEqual([mae]);
    expect(headlineOf(run)).toEqual({ target: 'fusion', split: 'test', metric: mae, value: 0.4136 });
    expect(scoreOf(run.test!['fusion'], 'loss')).toBe(2);
    expect(scoreOf(run.test!['fusion'], 'accuracy')).toBeUndefined();
  });

  it('have ids of their own, and none of what is no number', () => {
    for (const metrics of [[], [mae, mae], [{ ...mae, id: 'recall' }], [{ ...mae, id: 'confusion' }], [{ ...mae, better: 'more' }], [{ ...mae, digits: -1 }]]) {
      expect(runEventSchema.safeParse({ ...started, metrics }).success, JSON.stringify(metrics)).toBe(false);
    }
    expect(runEventSchema.safeParse({ ...started, metrics: [{ ...mae, id: 'loss' }] }).success).toBe(true);
  });

  it('are not mixed where two runs mean different things by one id', () => {
    const run = { started: { metrics: [mae] }, test: { fusion: { mae: 0.4 } } };
    expect(testScore(run, 'fusion', mae)).toBe(0.4);
    expect(testScore(run, 'fusion', { ...mae, unit: 'min' })).toBeUndefined();
    expect(testScore(run, 'fusion', { ...mae, better: 'higher' })).toBeUndefined();
    expect(testScore(run, 'gray', mae)).toBeUndefined();
  });
});

describe('values of metrics', () => {
  it('are best where the metric says, and never where they are not finite', () => {
    expect(bestValue(mae, [3, 1, NaN, 2])).toBe(1);
    expect(bestValue(classificationMetrics[0]!, [0.3, Infinity, 0.9])).toBe(0.9);
    expect(bestValue(mae, [NaN])).toBeUndefined();
  });

  it('are written in their unit and digits', () => {
    expect(metricText(0.97123, classificationMetrics[0]!)).toBe('97.12 %');
    expect(metricText(0.4136, mae)).toBe('0.414 s');
    expect(metricText(-1, { ...mae, unit: undefined, digits: undefined })).toBe('−1.0000');
    expect(metricText(NaN, mae)).toBe('diverged');
    expect(metricDifference(-0.0151, classificationMetrics[0]!)).toBe('−1.51');
    expect(metricDifference(0.00001, mae)).toBe('0.000');
    expect(metricDifference(0.25, mae)).toBe('+0.250');
  });
});
