import type { CompareView } from '../../src/core/protocol.ts';
import { alphaOf, expectsAlpha, haveAlpha } from '../../src/core/run/alpha.ts';
import { distinctTitles } from '../../src/core/run/compare.ts';
import { runLook } from './looks.ts';
import { epochAxis, newestOf, type Chart, type LinePlot } from './plot.ts';
import { overlaid, timeline } from './timeline.ts';

const terms = [
  { id: 'consistency', title: 'α_con, consistency' },
  { id: 'complementary', title: 'α_com, complementary' },
] as const;

/** The weights α over the follower epochs, the runs over one another. Runs without followers have none. */
export const compareAlpha: Chart<CompareView> = {
  id: 'compareAlpha',
  title: 'α-weight traces',
  draw({ runs }) {
    const labels = distinctTitles(runs);
    const lines = runs
      .map((view, index) => {
        const stages = view.run.stages.filter(({ epochs }) => haveAlpha(epochs));
        return { view, label: labels[index]!, look: runLook(index), epochs: timeline(view, stages).epochs };
      })
      .filter(({ epochs }) => epochs.length > 0);
    if (lines.length === 0) {
      const expected = runs.some(({ config }) => expectsAlpha(config.method, []));
      return { plots: [], empty: expected ? 'No run has a follower epoch yet.' : undefined };
    }
    const longest = Math.max(...lines.map(({ epochs }) => epochs.length));
    const largest = Math.max(
      1,
      ...lines.flatMap(({ epochs }) => epochs.flatMap(({ event }) => Object.values(alphaOf(event) ?? {}))),
    );
    return {
      plots: terms.map(({ id, title }): LinePlot => {
        const series = lines.map(({ view, label, look, epochs }) => ({
          id: view.id,
          label,
          column: `${title.split(',')[0]}, ${label}`,
          look,
          points: overlaid(epochs, (event) => alphaOf(event)?.[id]),
        }));
        const newest = series.map(({ label, points }) => `${label} ${newestOf(points, 'weight')}`).join(', ');
        return {
          kind: 'line',
          id,
          title,
          format: 'weight',
          half: true,
          x: epochAxis(longest, 'follower epoch'),
          y: { min: 0, max: largest },
          bands: [],
          series,
          summary: `Weight of the ${id} loss by run. Newest: ${newest}.`,
        };
      }),
    };
  },
};
