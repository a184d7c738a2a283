import type { CompareView } from '../../src/core/protocol.ts';
import { distinctTitles } from '../../src/core/run/compare.ts';
import { commonMetrics, metricsOf, scoreOf } from '../../src/core/run/metrics.ts';
import { modalitiesOf, orderTargets } from '../words.ts';
import { runLook } from './looks.ts';
import { epochAxis, newestOf, type Chart, type LinePlot } from './plot.ts';
import { overlaid, timeline } from './timeline.ts';

/** The headline metric of each target on validation, the runs over one another. Epochs count through all stages of a run. */
export const compareAccuracy: Chart<CompareView> = {
  id: 'compareAccuracy',
  title: 'Validation scores',
  draw({ runs }) {
    const [metric] = commonMetrics(runs.map(({ run }) => run));
    if (!metric) return { plots: [] };
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
          points: overlaid(epochs, (event) => (metricsOf(view.run).some(({ id }) => id === metric.id) ? scoreOf(event.validation[target], metric.id) : undefined)),
        }))
        .filter(({ points }) => points.length > 0);
      const newest = series.map(({ label, points }) => `${label} ${newestOf(points, metric)}`).join(', ');
      return {
        kind: 'line',
        id: target,
        title: `${metric.label} of ${target}, on validation`,
        format: metric,
        half: targets.length > 1,
        x: epochAxis(longest, 'epoch, over all stages'),
        y: {},
        bands: [],
        series,
        summary: `Validation ${metric.label} of ${target} by run. Newest: ${newest}.`,
      };
    });
    return { plots, empty: 'No run has an epoch yet.' };
  },
};
