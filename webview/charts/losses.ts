import type { RunView } from '../../src/core/protocol.ts';
import { whyNoEpoch } from '../words.ts';
import type { Chart } from './plot.ts';
import { quantityPlot } from './quantities.ts';
import { timeline } from './timeline.ts';

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
    const plots = terms.map((term) => quantityPlot(view, term, term, (event) => event.losses[term]));
    return {
      plots,
      note: terms.length > 1 ? ['Means over the training samples, unweighted; each term has its own axis.'] : undefined,
    };
  },
};
