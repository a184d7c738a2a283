import { formatted, NONE } from '../../src/core/format.ts';
import type { Cell, TableModel } from '../tables.ts';
import type { BarPlot, Figure, LinePlot, Plot, PlotPoint, ScatterPlot, Series } from './plot.ts';

/** The numbers behind a figure: a table of its bars, one of its lines, one of each scatter plot. `chart` goes into the data attributes. */
export function figureTables(chart: string, title: string, { plots }: Figure): TableModel[] {
  const bars = plots.filter((plot): plot is BarPlot => plot.kind === 'bar');
  const lines = plots.filter((plot): plot is LinePlot => plot.kind === 'line');
  return [
    ...(bars.length > 0 ? [barTable(chart, title, bars)] : []),
    ...(lines.length > 0 ? [lineTable(chart, title, lines)] : []),
    ...plots.flatMap((plot) => (plot.kind === 'scatter' ? [scatterTable(chart, title, plot)] : [])),
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
        return {
          text: value === undefined ? NONE : formatted(value, plot.format),
          data: figureData(chart, plot, id, value),
        };
      }),
    ]),
  };
}

function scatterTable(chart: string, title: string, plot: ScatterPlot): TableModel {
  return {
    caption: `${title}: points`,
    head: [['', plot.title, plot.x.title].map((text): Cell => ({ text, scope: 'col' }))],
    rows: plot.points.map(({ id, label, x, y }) => [
      { text: label, scope: 'row' },
      { text: formatted(y, plot.format), data: figureData(chart, plot, id, y) },
      { text: formatted(x, plot.x.format), data: { x: String(x) } },
    ]),
  };
}

interface Column {
  readonly plot: LinePlot;
  readonly series: Series;
  readonly values: ReadonlyMap<string, PlotPoint>;
}

function lineTable(chart: string, title: string, plots: readonly LinePlot[]): TableModel {
  const columns = plots.flatMap((plot) =>
    plot.series.map((series): Column => ({
      plot,
      series,
      values: new Map(series.points.map((point) => [rowOf(point), point])),
    })),
  );
  // Runs that are laid over one another are in different stages at the same place of the axis.
  const staged = plots.some(({ bands }) => bands.length > 0);
  const rows = new Map<string, PlotPoint>();
  for (const { values } of columns) for (const [row, point] of values) rows.set(row, point);
  const stages = [...new Set(plots.flatMap(({ bands }) => bands.map(({ label }) => label)))];
  const inOrder = [...rows.values()].sort(
    (a, b) => stages.indexOf(a.stage ?? '') - stages.indexOf(b.stage ?? '') || a.epoch - b.epoch,
  );
  return {
    caption: `${title}: values by epoch`,
    head: [
      [
        ...(staged ? [{ text: 'Stage', scope: 'col' as const, class: 'text' }] : []),
        { text: 'Epoch', scope: 'col', class: 'text' },
        ...columns.map(({ series }): Cell => ({ text: series.column, scope: 'col' })),
      ],
    ],
    rows: inOrder.map((row) => [
      ...(staged ? [{ text: row.stage ?? '', class: 'text' }] : []),
      { text: staged && row.kept ? `${row.epoch} (kept)` : String(staged ? row.epoch : row.x), scope: 'row' as const },
      ...columns.map(({ plot, series, values }): Cell => {
        const point = values.get(rowOf(row));
        if (!point) return { text: NONE };
        const place: Record<string, string> = {
          epoch: String(point.epoch),
          ...(point.stage ? { stage: point.stage } : {}),
        };
        return {
          text: `${formatted(point.y, plot.format)}${spreadText(point, plot)}`,
          data: { ...figureData(chart, plot, series.id, point.y), ...place },
        };
      }),
    ]),
  };
}

function spreadText({ spread }: PlotPoint, { format }: Plot): string {
  return spread && spread.n > 1
    ? ` (${formatted(spread.low, format)} to ${formatted(spread.high, format)}, n = ${spread.n})`
    : '';
}

/** Points that belong into one row: the same epoch of the same stage, wherever the plots have it on their axes. */
function rowOf({ stage, epoch, x }: PlotPoint): string {
  return stage === undefined ? String(x) : `${stage} ${epoch}`;
}

function figureData(chart: string, plot: Plot, series: string, value: number | undefined): Record<string, string> {
  return { chart, plot: plot.id, series, ...(value === undefined ? {} : { value: String(value) }) };
}
