import type { RunView } from '../../src/core/protocol.ts';
import { percent } from '../../src/core/format.ts';
import { modalitiesOf, orderTargets, whyNoEpoch } from '../words.ts';
import { targetLook } from './looks.ts';
import type { Chart, Series } from './plot.ts';
import { pointsOf, timeline } from './timeline.ts';

/** Validation accuracy of each modality and of the fusion over all stages. */
export const accuracy: Chart<RunView> = {
  id: 'accuracy',
  title: 'Accuracy',
  byStage: true,
  draw(view) {
    const { epochs, bands, x } = timeline(view);
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
      points: pointsOf(epochs, (event) => event.validation[target]?.accuracy),
    }));
    const newest = series.map(({ label, points }) => `${label} ${percent(points.at(-1)?.y ?? 0)}`).join(', ');
    return {
      plots: [
        {
          kind: 'line',
          id: 'accuracy',
          title: 'Validation accuracy',
          format: 'percent',
          x,
          y: {},
          bands,
          series,
          summary: `Validation accuracy of ${targets.join(', ')} over ${epochs.length} epochs. Newest: ${newest}.`,
        },
      ],
    };
  },
};
