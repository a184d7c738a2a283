import type { EpochEvent, RunView } from '../../src/core/protocol.ts';
import type { Format } from '../../src/core/format.ts';
import { termLook } from './looks.ts';
import { newestOf, type LinePlot } from './plot.ts';
import { pointsOf, timeline } from './timeline.ts';

/** One quantity of a run over its epochs, on an axis of its own; only the stages that have it are laid out. */
export function quantityPlot(
  view: RunView,
  id: string,
  title: string,
  value: (event: EpochEvent) => number | undefined,
  format: Format = 'loss',
): LinePlot {
  const stages = view.run.stages.filter((stage) => stage.epochs.some((event) => value(event) !== undefined));
  const { epochs, bands, x } = timeline(view, stages);
  // Which epoch was kept is a matter of accuracy, not of these.
  const points = pointsOf(epochs, value).map((point) => ({ ...point, kept: false }));
  const [first, last] = [points[0], points.at(-1)].map((point) => newestOf(point ? [point] : [], format));
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
}
