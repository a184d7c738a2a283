import type { TermValues, EpochEvent, RunView } from '../../src/core/protocol.ts';
import { alphaOf, expectsAlpha, haveAlpha, xiOf } from '../../src/core/run/alpha.ts';
import { fixed } from '../../src/core/format.ts';
import { stageKind, whyNoEpoch } from '../words.ts';
import { termLook } from './looks.ts';
import { newestOf, type Chart, type Figure, type LinePlot, type Series } from './plot.ts';
import { pointsOf, timeline, type StagedEpoch } from './timeline.ts';

type Term = keyof TermValues;
const terms: readonly { readonly id: Term; readonly short: string }[] = [
  { id: 'consistency', short: 'con' },
  { id: 'complementary', short: 'com' },
];

/** The weights α of the two unsupervised terms in every follower epoch, above the alignments ξ they come from. */
export const alphaTrace: Chart<RunView> = {
  id: 'alphaTrace',
  title: 'α-weight trace',
  draw(view) {
    const { run, config } = view;
    const stages = run.stages.filter(
      (stage) => expectsAlpha(config.method, run.stages.flatMap(({ epochs }) => epochs)) && (stageKind(stage.id) === 'follower' || haveAlpha(stage.epochs)),
    );
    const { epochs, bands, x } = timeline(view, stages);
    if (epochs.length === 0) return noFollower(view);
    const trace = (
      id: string,
      title: string,
      symbol: string,
      value: (event: EpochEvent) => TermValues | undefined,
    ) => ({ id, title, x, bands, series: terms.map((term) => series(term, symbol, epochs, value)) });
    const alpha = trace('alpha', 'Weight α', 'α', alphaOf);
    const xi = trace('xi', 'Gradient alignment ξ', 'ξ', xiOf);
    const largest = Math.max(1, ...alpha.series.flatMap(({ points }) => points.map(({ y }) => y)));
    const plots: LinePlot[] = [
      {
        ...alpha,
        kind: 'line',
        format: 'weight',
        y: { min: 0, max: largest },
        summary: summary('Weight', alpha.series, 'weight'),
      },
    ];
    const dynamic = xi.series.some(({ points }) => points.length > 0);
    if (dynamic)
      plots.push({
        ...xi,
        kind: 'line',
        format: 'alignment',
        y: {},
        summary: summary('Gradient alignment', xi.series, 'alignment'),
      });
    return { plots, note: dynamic ? controllerNote(epochs) : fixedNote(epochs, config.method['alpha']) };
  },
};

function series(
  { id, short }: (typeof terms)[number],
  symbol: string,
  epochs: readonly StagedEpoch[],
  value: (event: EpochEvent) => TermValues | undefined,
): Series {
  return {
    id,
    label: `${id} (${short})`,
    column: `${symbol}_${short}`,
    look: termLook(id),
    points: pointsOf(epochs, (event) => value(event)?.[id]),
  };
}

/** A method without the setting α has no such weights; one with it may not have come so far, or need no follower. */
function noFollower({ run, config, ...view }: RunView): Figure {
  if (!expectsAlpha(config.method, []) || run.anchor?.order.length === 1) return { plots: [] };
  return { plots: [], empty: whyNoEpoch({ run, config, ...view }, 'follower') };
}

function controllerNote(epochs: readonly StagedEpoch[]): string[] {
  const off = epochs.filter(({ event }) => {
    const alpha = alphaOf(event);
    return alpha?.consistency === 0 && alpha.complementary === 0;
  }).length;
  const rule = 'The controller sets α from the positive parts of ξ at the start of every epoch.';
  if (off === 0) return [rule];
  return [
    rule,
    ` In ${off} of ${epochs.length} epochs neither alignment was positive:`,
    ' α is (0, 0) there, and the follower trained alone.',
  ];
}

function fixedNote(epochs: readonly StagedEpoch[], setting: unknown): string[] {
  const newest = epochs.at(-1);
  const alpha = newest && alphaOf(newest.event);
  if (!alpha) return ['The journal of this run holds no weights.'];
  const values = terms.map(({ id, short }) => `α_${short} = ${fixed(alpha[id], 3)}`).join(' and ');
  const why = typeof setting === 'object' ? 'The config fixes the weights' : 'The weights are fixed';
  return [`${why}: ${values} in every epoch. No controller ran, so there is no ξ.`];
}

function summary(what: string, lines: readonly Series[], format: 'weight' | 'alignment'): string {
  const newest = lines.map(({ id, points }) => `${id} ${newestOf(points, format)}`).join(', ');
  const epochs = lines[0]?.points.length ?? 0;
  return `${what} of the consistency and the complementary loss over ${epochs} follower epochs. Newest: ${newest}.`;
}
