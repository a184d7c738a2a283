import type { CompareView } from '../../src/core/protocol.ts';
import { distinctTitles } from '../../src/core/run/compare.ts';
import { percent } from '../../src/core/format.ts';
import { modalitiesOf, orderTargets } from '../words.ts';
import { runLook } from './looks.ts';
import { epochAxis, type Chart, type LinePlot } from './plot.ts';
import { overlaid, timeline } from './timeline.ts';

/** Validation accuracy of each target, the runs over one another. Epochs count through all stages of a run. */
export const compareAccuracy: Chart<CompareView> = {
  id: 'compareAccuracy',
  title: 'Accuracy',
  draw({ runs }) {
    const labels = distinctTitles(runs);
    const lines = runs.map((view, index) => ({ view, label: labels[index]!, look: runLook(index), ...timeline(view) }));
    const modalities = runs.flatMap(({ run }) => modalitiesOf(run));
    const present = lines.flatMap(({ epochs }) => epochs.flatMap(({ event }) => Object.keys(event.validation)));
    const targets = orderTargets(present, modalities).reverse();
    const longest = Math.max(0, ...lines.map(({ epochs }) => epochs.length));
    const plots = targets.map((target): LinePlot => {
      const series = lines
        .map(({ view, label, look, epochs }) => ({
          id: view.id,
          label,
          column: `${target}, ${label}`,
          look,
          points: overlaid(epochs, (event) => event.validation[target]?.accuracy),
        }))
        .filter(({ points }) => points.length > 0);
      const newest = series.map(({ label, points }) => `${label} ${percent(points.at(-1)?.y ?? 0)}`).join(', ');
      return {
        kind: 'line',
        id: target,
        title: `${target}, on validation`,
        format: 'percent',
        half: targets.length > 1,
        x: epochAxis(longest, 'epoch, over all stages'),
        y: {},
        bands: [],
        series,
        summary: `Validation accuracy of ${target} by run. Newest: ${newest}.`,
      };
    });
    return { plots, empty: 'No run has an epoch yet.' };
  },
};
