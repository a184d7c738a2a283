import { formatted, NONE } from '../format.ts';
import type { Cell, TableModel } from '../tables.ts';
import type { BarPlot, Figure, LinePlot, Plot, PlotPoint, Series } from './plot.ts';

/** The numbers behind a figure: one table for its lines, one for its bars. `chart` goes into the figures' data attributes. */
export function figureTables(chart: string, title: string, { plots }: Figure): TableModel[] {
  const bars = plots.filter((plot): plot is BarPlot => plot.kind === 'bar');
  const lines = plots.filter((plot): plot is LinePlot => plot.kind === 'line');
  return [
    ...(bars.length > 0 ? [barTable(chart, title, bars)] : []),
    ...(lines.length > 0 ? [lineTable(chart, title, lines)] : []),
  ];
}

function barTable(chart: string, title: string, plots: readonly BarPlot[]): TableModel {
  return {
    caption: `${title}: bars`,
    head: [[{ text: '', scope: 'col' }, ...plots.map((plot): Cell => ({ text: plot.title, scope: 'col' }))]],
    rows: (plots[0]?.bars ?? []).map(({ id, label }) => [
      { text: label, scope: 'row' },
      ...plots.map((plot): Cell => {
        const value = plot.bars.find((bar) => bar.id === id)?.value;
        return { text: value === undefined ? NONE : formatted(value, plot.format), data: figureData(chart, plot, id, value) };
      }),
    ]),
  };
}

interface Column {
  readonly plot: LinePlot;
  readonly series: Series;
  readonly values: ReadonlyMap<number, PlotPoint>;
}

function lineTable(chart: string, title: string, plots: readonly LinePlot[]): TableModel {
  const columns = plots.flatMap((plot) => plot.series.map((series): Column => (
    { plot, series, values: new Map(series.points.map((point) => [point.x, point])) })));
  // Runs that are laid over one another are in different stages at the same place of the axis.
  const staged = plots.some(({ bands }) => bands.length > 0);
  const rows = new Map<number, PlotPoint>();
  for (const { values } of columns) for (const [x, point] of values) rows.set(x, point);
  return {
    caption: `${title}: values by epoch`,
    head: [[
      ...(staged ? [{ text: 'Stage', scope: 'col' as const }] : []),
      { text: 'Epoch', scope: 'col' },
      ...columns.map(({ series }): Cell => ({ text: series.column, scope: 'col' })),
    ]],
    rows: [...rows.entries()].sort(([a], [b]) => a - b).map(([x, { stage, epoch, kept }]) => [
      ...(staged ? [{ text: stage ?? '', class: 'text' }] : []),
      { text: staged && kept ? `${epoch} (kept)` : String(staged ? epoch : x), scope: 'row' as const },
      ...columns.map(({ plot, series, values }): Cell => {
        const point = values.get(x);
        if (!point) return { text: NONE };
        const place: Record<string, string> = { epoch: String(point.epoch), ...(point.stage ? { stage: point.stage } : {}) };
        return { text: formatted(point.y, plot.format), data: { ...figureData(chart, plot, series.id, point.y), ...place } };
      }),
    ]),
  };
}

function figureData(chart: string, plot: Plot, series: string, value: number | undefined): Record<string, string> {
  return { chart, plot: plot.id, series, ...(value === undefined ? {} : { value: String(value) }) };
}
