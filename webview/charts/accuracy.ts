import type { RunView } from '../../src/core/protocol.ts';
import { metricsOf, scoreOf } from '../../src/core/run/metrics.ts';
import { modalitiesOf, orderTargets, whyNoEpoch } from '../words.ts';
import { targetLook } from './looks.ts';
import { newestOf, type Chart, type Series } from './plot.ts';
import { pointsOf, timeline } from './timeline.ts';

/** The headline metric of each modality and of the fusion on validation, over all stages. */
export const accuracy: Chart<RunView> = {
  id: 'accuracy',
  title: 'Validation scores',
  byStage: true,
  draw(view) {
    const { epochs, bands, x } = timeline(view);
    const [metric] = metricsOf(view.run);
    if (!metric) return { plots: [] };
    if (epochs.length === 0) return { plots: [], empty: whyNoEpoch(view) };
    const modalities = modalitiesOf(view.run);
    const targets = orderTargets(
      epochs.flatMap(({ event }) => Object.keys(event.validation)),
      modalities,
    );
    const series = targets.map((target): Series => ({
      id: target,
      label: target,
      column: target,
      look: targetLook(target, modalities),
      points: pointsOf(epochs, (event) => scoreOf(event.validation[target], metric.id)),
    }));
    const newest = series.map(({ label, points }) => `${label} ${newestOf(points, metric)}`).join(', ');
    return {
      plots: [
        {
          kind: 'line',
          id: 'accuracy',
          title: `Validation ${metric.label}`,
          format: metric,
          x,
          y: {},
          bands,
          series,
          summary: `Validation ${metric.label} of ${targets.join(', ')} over ${epochs.length} epochs. Newest: ${newest}.`,
        },
      ],
    };
  },
};
