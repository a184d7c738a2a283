import type { EpochEvent, RunView } from '../../src/core/protocol.ts';
import { formatted, type Format } from '../format.ts';
import { whyNoEpoch } from '../words.ts';
import { termLook } from './looks.ts';
import type { Chart, LinePlot } from './plot.ts';
import { pointsOf, timeline } from './timeline.ts';

const known = ['total', 'classification', 'consistency', 'complementary'];

/** Every loss term on an axis of its own, since they differ in size by orders of magnitude; then the MI estimate. */
export const losses: Chart<RunView> = {
  id: 'losses',
  title: 'Loss terms',
  byStage: true,
  draw(view) {
    const { epochs } = timeline(view);
    if (epochs.length === 0) return { plots: [], empty: whyNoEpoch(view) };
    const names = [...new Set(epochs.flatMap(({ event }) => Object.keys(event.losses)))];
    const terms = [...known.filter((term) => names.includes(term)), ...names.filter((term) => !known.includes(term))];
    const plot = (
      id: string,
      title: string,
      value: (event: EpochEvent) => number | undefined,
      format: Format = 'loss',
    ): LinePlot => {
      // Only the stages that have the term: the unimodal ones would leave most of the axis empty.
      const stages = view.run.stages.filter((stage) => stage.epochs.some((event) => value(event) !== undefined));
      const { epochs: own, bands, x } = timeline(view, stages);
      // Which epoch was kept is a matter of accuracy, not of the losses.
      const points = pointsOf(own, value).map((point) => ({ ...point, kept: false }));
      const [first, last] = [points[0], points.at(-1)].map((point) => formatted(point?.y ?? 0, format));
      return {
        kind: 'line',
        id,
        title,
        format,
        half: true,
        x,
        y: {},
        bands,
        series: [{ id, label: title, column: title, look: termLook(id), points }],
        summary: `${title} over ${points.length} epochs, from ${first} to ${last}.`,
      };
    };
    const plots = terms.map((term) => plot(term, term, (event) => event.losses[term]));
    if (epochs.some(({ event }) => event.mi !== undefined))
      plots.push(plot('mi', 'MI estimate, nats', (event) => event.mi));
    return {
      plots,
      note: terms.length > 1 ? ['Means over the training samples, unweighted; each term has its own axis.'] : undefined,
    };
  },
};
