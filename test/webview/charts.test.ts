import { describe, expect, it } from 'vitest';
import type { AnchorEvent, EpochEvent } from '../../src/core/run/events.ts';
import { alphaOf, xiOf } from '../../src/core/run/alpha.ts';
import type { CompareView, RunView } from '../../src/core/protocol.ts';
import { anchorReason } from '../../webview/charts/anchor.ts';
import { compareAlpha } from '../../webview/charts/compareAlpha.ts';
import { compareCharts, runCharts } from '../../webview/charts/index.ts';
import { runLook, targetLook } from '../../webview/charts/looks.ts';
import type { Chart, Figure, LinePlot } from '../../webview/charts/plot.ts';
import { plainText } from '../../webview/dom.ts';
import { formatted } from '../../src/core/format.ts';
import { expectDrawable } from './drawable.ts';
import { emptyRunFixture, finishedRun, fixedRun, fixtures, sumRun, threeModalityRun, type RunFixture } from './runs.ts';

const compareView: CompareView = {
  runs: [finishedRun().view, sumRun().view, fixedRun().view, emptyRunFixture().view],
  changed: [],
  scores: [],
};

describe.each(runCharts.map((chart) => [chart.id, chart] as const))('chart %s', (id, chart) => {
  it.each(Object.entries(fixtures))('draws a run: %s', (_, create) => {
    expectDrawable(id, chart.draw(create().view));
  });

  it.each(Object.entries(fixtures))('says why it is empty, or is left out: %s', (_, create) => {
    const figure = chart.draw(create().view);
    if (figure.plots.length === 0 && figure.empty !== undefined)
      expect(figure.empty).toMatch(/^(No|This run finished) .+\.$/);
  });
});

describe.each(compareCharts.map((chart) => [chart.id, chart] as const))('compare chart %s', (id, chart) => {
  it('draws runs of different methods over one another', () => {
    const figure = chart.draw(compareView);
    expectDrawable(id, figure);
    expect(figure.plots.length).toBeGreaterThan(0);
  });

  it('draws nothing of runs without epochs', () => {
    const figure = chart.draw({ runs: [emptyRunFixture().view, emptyRunFixture().view], changed: [], scores: [] });
    expect(figure.plots).toEqual([]);
    expect(figure.empty).toMatch(/^No run has/);
  });
});

it('has charts with different ids', () => {
  const ids = [...runCharts, ...compareCharts].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

function chartOf(id: string): Chart<RunView> {
  return runCharts.find((chart) => chart.id === id)!;
}

function linesOf(figure: Figure, plot: string): LinePlot {
  return figure.plots.find((each): each is LinePlot => each.kind === 'line' && each.id === plot)!;
}

function journalOf({ events }: RunFixture): EpochEvent[] {
  return events.filter((event) => event.type === 'epoch');
}

/** The points of a series as the table has them: stage, epoch, value. */
function pointsOf(plot: LinePlot, series: string): unknown[] {
  return plot.series.find(({ id }) => id === series)!.points.map(({ stage, epoch, y }) => [stage, epoch, y]);
}

describe('figures equal the journal', () => {
  it.each([
    ['two modalities', finishedRun],
    ['three modalities', threeModalityRun],
  ] as const)('%s', (_, create) => {
    const run = create();
    const epochs = journalOf(run);
    const accuracy = linesOf(chartOf('accuracy').draw(run.view), 'accuracy');
    for (const target of ['gray', 'color', 'fusion']) {
      expect(pointsOf(accuracy, target)).toEqual(
        epochs
          .filter(({ validation }) => validation[target])
          .map(({ stage, epoch, validation }) => [stage, epoch, validation[target]!.accuracy]),
      );
    }
    const trace = chartOf('alphaTrace').draw(run.view);
    for (const [plot, termsOf] of [
      ['alpha', alphaOf],
      ['xi', xiOf],
    ] as const) {
      for (const term of ['consistency', 'complementary'] as const) {
        expect(pointsOf(linesOf(trace, plot), term)).toEqual(
          epochs.filter(termsOf).map((event) => [event.stage, event.epoch, termsOf(event)![term]]),
        );
      }
    }
    const losses = chartOf('losses').draw(run.view);
    for (const term of ['total', 'classification', 'consistency', 'complementary']) {
      expect(pointsOf(linesOf(losses, term), term)).toEqual(
        epochs
          .filter((event) => event.losses[term] !== undefined)
          .map((event) => [event.stage, event.epoch, event.losses[term]]),
      );
    }
    expect(chartOf('coefficients').draw(run.view).plots).toEqual([]);
    const anchor = chartOf('anchor').draw(run.view);
    const event = run.events.find((each): each is AnchorEvent => each.type === 'anchor')!;
    const [bars, entropies] = anchor.plots;
    expect(bars?.kind === 'bar' && bars.bars.map(({ id, value }) => [id, value])).toEqual(
      event.candidates.map((each) => [each.modality, each.accuracy]),
    );
    expect(entropies?.kind === 'bar' && entropies.bars.map(({ value }) => value)).toEqual(
      event.candidates.map(({ entropy }) => entropy),
    );
  });

  it('lays the stages out one after another and marks the kept epochs', () => {
    const { view } = threeModalityRun();
    const { bands, series, x } = linesOf(chartOf('accuracy').draw(view), 'accuracy');
    expect(bands.map(({ label, from, to }) => [label, from, to])).toEqual(
      ['unimodal:gray', 'unimodal:color', 'unimodal:edge', 'follower:gray', 'follower:color'].map((label, index) => [
        label,
        index * 8 + 0.5,
        index * 8 + 8.5,
      ]),
    );
    expect(x).toMatchObject({ min: 0.5, max: 40.5 });
    for (const stage of view.run.stages) {
      const kept = series.flatMap(({ points }) => points).filter((point) => point.kept && point.stage === stage.id);
      expect(new Set(kept.map(({ epoch }) => epoch))).toEqual(new Set([stage.ended!.keptEpoch]));
    }
  });

  it('gives the open stage of a running run room for its epochs to come', () => {
    expect(linesOf(chartOf('accuracy').draw(fixtures['running']!().view), 'accuracy').x.max).toBe(24.5);
    expect(linesOf(chartOf('accuracy').draw(fixtures['interrupted']!().view), 'accuracy').x.max).toBe(5.5);
  });
});

describe('sections that make no sense', () => {
  it('are left out for joint training', () => {
    const { view } = sumRun();
    for (const id of ['anchor', 'alphaTrace']) expect(chartOf(id).draw(view)).toEqual({ plots: [] });
    for (const id of ['accuracy', 'losses']) expect(chartOf(id).draw(view).plots.length).toBeGreaterThan(0);
  });

  it('the trace of α is left out for methods whose setting alpha is something else', () => {
    const { view } = sumRun();
    for (const name of ['ogm', 'pmr', 'agm', 'reconboost', 'modality-valuation']) {
      const other = { ...view, config: { ...view.config, method: { name, alpha: 0.3 } } };
      expect(chartOf('alphaTrace').draw(other)).toEqual({ plots: [] });
      expect(compareAlpha.draw({ runs: [other, other], changed: [], scores: [] })).toEqual({ plots: [], empty: undefined });
    }
  });

  it('name their cause while the run has not come so far', () => {
    const { view } = emptyRunFixture();
    expect(chartOf('accuracy').draw(view).empty).toBe('No epoch yet: reading data.');
    expect(chartOf('alphaTrace').draw(fixtures['one epoch']!().view).empty).toBe(
      'No follower epoch yet: unimodal:gray comes first.',
    );
    expect(chartOf('alphaTrace').draw(fixtures['interrupted']!().view).empty).toBe(
      'No follower epoch yet: the trainer ended before the first one was done.',
    );
  });

  it('show fixed weights as fixed, without alignments', () => {
    const figure = chartOf('alphaTrace').draw(fixedRun().view);
    expect(figure.plots.map(({ id }) => id)).toEqual(['alpha']);
    expect(plainText(figure.note!)).toBe(
      'The config fixes the weights: α_con = 0.500 and α_com = 0.250 in every epoch. ' +
        'No controller ran, so there is no ξ.',
    );
  });
});

describe('the reason for the anchor', () => {
  const base: AnchorEvent = {
    type: 'anchor',
    seq: 1,
    time: 0,
    anchor: 'gray',
    order: ['gray', 'color'],
    tieTolerance: 0.015,
    decidedBy: 'accuracy',
    candidates: [
      { modality: 'gray', accuracy: 0.975, entropy: 0.021, tied: false },
      { modality: 'color', accuracy: 0.5748, entropy: 0.273, tied: false },
    ],
  };
  const selected = 'Selection was on the validation split; test data played no part.';

  it('is accuracy', () => {
    expect(plainText(anchorReason(base))).toBe(
      'gray became the anchor by accuracy: 97.50 % against 57.48 % of color. The difference of 40.02 points is more ' +
        `than the tie tolerance of 1.50 points, so entropy was not needed. ${selected}`,
    );
  });

  it('is entropy among those that are tied with the most accurate', () => {
    const candidates = [
      { modality: 'audio', accuracy: 0.54, entropy: 0.41, tied: true },
      { modality: 'video', accuracy: 0.551, entropy: 0.63, tied: true },
      { modality: 'text', accuracy: 0.3, entropy: 0.2, tied: false },
    ];
    const text = plainText(
      anchorReason({ ...base, anchor: 'audio', order: ['audio', 'video', 'text'], candidates, decidedBy: 'entropy' }),
    );
    expect(text).toBe(
      'audio became the anchor by entropy: its accuracy of 54.00 % and that of video (55.10 %, 0.630 nats) ' +
        'lie within the tie tolerance of ' +
        `1.50 points, and its predictions have the lowest entropy, 0.410 nats. ${selected}`,
    );
  });

  it('is the config, whatever validation says', () => {
    expect(plainText(anchorReason({ ...base, anchor: 'color', order: ['color', 'gray'], decidedBy: 'config' }))).toBe(
      'color is the anchor because the config names it. ' +
        `Validation would have chosen gray (97.50 % against 57.48 %). ${selected}`,
    );
    expect(plainText(anchorReason({ ...base, decidedBy: 'config' }))).toContain(
      'Validation would have chosen it, too.',
    );
  });

  it('is that there is only one', () => {
    const only = {
      ...base,
      order: ['gray'],
      candidates: base.candidates.slice(0, 1),
      decidedBy: 'only modality' as const,
    };
    expect(plainText(anchorReason(only))).toBe(
      'gray is the anchor: it is the only modality, so there was nothing to choose.',
    );
  });
});

it('gives modalities, and 28 runs, looks that differ', () => {
  const modalities = ['a', 'b', 'c'];
  expect(new Set([...modalities, 'fusion'].map((target) => JSON.stringify(targetLook(target, modalities)))).size).toBe(
    4,
  );
  expect(new Set(Array.from({ length: 28 }, (_, index) => JSON.stringify(runLook(index)))).size).toBe(28);
});

it.each([
  [0.9712, 'percent', '97.12 %'],
  [1, 'percent', '100.00 %'],
  [0.5, 'weight', '0.500'],
  [-0.00041, 'alignment', '−4.10e−4'],
  [0.0213, 'alignment', '0.0213'],
  [12345, 'alignment', '12345'],
  [0, 'alignment', '0'],
  [0.001368, 'loss', '0.001368'],
  [2.30259, 'loss', '2.303'],
] as const)('writes %d as %s: %s', (value, format, text) => {
  expect(formatted(value, format)).toBe(text);
});
