import {
  BarController,
  BarElement,
  CategoryScale,
  Chart as ChartJs,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
  type ChartConfiguration,
} from 'chart.js';
import { plotConfig } from './charts/config.ts';
import { figureTables } from './charts/figureTables.ts';
import type { Chart, Figure, Plot } from './charts/plot.ts';
import { barFigures, stageBands } from './charts/plugins.ts';
import { pointLabels } from './charts/scatterConfig.ts';
import { seedBands } from './charts/seedBands.ts';
import { createDetails } from './details.ts';
import { element, setAttribute, setParts, setText, show, syncChildren } from './dom.ts';
import { createLegend } from './legend.ts';
import { createTable, type Table } from './tables.ts';
import { readTheme, type Theme } from './theme.ts';
import type { ViewStore } from './viewState.ts';

ChartJs.register(
  LineController,
  LineElement,
  PointElement,
  LinearScale,
  BarController,
  BarElement,
  CategoryScale,
  Tooltip,
  stageBands,
  barFigures,
  seedBands,
  pointLabels,
);

/** A chart on the page: its plots, the legend that switches their series, what there is to say, and the tables. */
export interface ChartView<Source> {
  readonly root: HTMLElement;
  /** Draws the figure of this source; false if it makes no sense for it and nothing is to be shown. */
  update(source: Source): boolean;
  /** Draws the last figure in the colors of a new theme. */
  recolor(): void;
  /** What is drawn now, and which series the user has switched off. */
  current(): { readonly figure: Figure; readonly hidden: readonly string[] };
}

/** One plot: a title above a canvas. */
interface PlotView {
  readonly root: HTMLElement;
  update(plot: Plot, theme: Theme, hidden: readonly string[]): void;
  /** Ends chart.js's watch over the size of the canvas. */
  dispose(): void;
}

/** Creates the view of a chart. */
export function createChartView<Source>(chart: Chart<Source>, store: ViewStore): ChartView<Source> {
  const views = new Map<string, PlotView>();
  const empty = element('p', { class: 'empty' });
  const note = element('p', { class: 'note' });
  const plots = element('div', { class: 'plots' });
  const legend = createLegend((series) => {
    const hidden = store.state.hidden[chart.id] ?? [];
    const next = hidden.includes(series) ? hidden.filter((each) => each !== series) : [...hidden, series];
    store.change({ hidden: { ...store.state.hidden, [chart.id]: next } });
    draw();
  });
  const details = createDetails(`table:${chart.id}`, 'Table', 'table', false, store);
  const tables: Table[] = [];
  const root = element('div', { class: 'chart', 'data-chart': chart.id }, [
    empty,
    note,
    legend.root,
    plots,
    details.root,
  ]);
  let figure: Figure = { plots: [] };

  function draw(): void {
    const hidden = store.state.hidden[chart.id] ?? [];
    const theme = readTheme();
    legend.update(figure.plots, hidden);
    const roots = syncChildren(
      plots,
      figure.plots,
      ({ id, kind }) => `${kind}:${id}`,
      (plot) => {
        const view = createPlotView();
        views.set(`${plot.kind}:${plot.id}`, view);
        return view.root;
      },
    );
    figure.plots.forEach((plot) => views.get(`${plot.kind}:${plot.id}`)?.update(plot, theme, hidden));
    for (const [key, view] of views) {
      if (roots.includes(view.root)) continue;
      view.dispose();
      views.delete(key);
    }
  }

  function drawTables(): void {
    const models = figureTables(chart.id, chart.title, figure);
    while (tables.length > models.length) tables.pop()?.root.remove();
    models.forEach((model, index) => {
      const table = tables[index] ?? createTable('data');
      if (!tables[index]) {
        tables.push(table);
        details.body.append(table.root);
      }
      table.update(model);
    });
  }

  return {
    root,
    update(source) {
      figure = chart.draw(source);
      const drawn = figure.plots.length > 0;
      show(empty, !drawn);
      setText(empty, figure.empty ?? '');
      show(note, drawn && figure.note !== undefined);
      setParts(note, figure.note ?? []);
      show(details.root, drawn);
      draw();
      drawTables();
      return drawn || figure.empty !== undefined;
    },
    recolor: draw,
    current: () => ({ figure, hidden: store.state.hidden[chart.id] ?? [] }),
  };
}

function createPlotView(): PlotView {
  const title = element('h3');
  const canvas = element('canvas', { role: 'img' });
  const frame = element('div', { class: 'frame' }, [canvas]);
  const root = element('div', { class: 'plot' }, [title, frame]);
  let chart: ChartJs | undefined;
  return {
    root,
    update(plot, theme, hidden) {
      setText(title, plot.title);
      setAttribute(canvas, 'aria-label', plot.summary);
      root.classList.toggle('half', plot.half === true);
      frame.style.height = `${heightOf(plot)}px`;
      // chart.js does not accept its own narrower types where it declares the union of all kinds.
      const config = plotConfig(plot, theme, hidden) as unknown as ChartConfiguration;
      if (!chart) {
        chart = new ChartJs(canvas, config);
        return;
      }
      chart.options = config.options ?? {};
      chart.data.labels = config.data.labels;
      const { datasets } = chart.data;
      const next = config.data.datasets;
      // Known series keep their dataset object, and with it a tooltip that is open on them.
      chart.data.datasets = next.map((dataset) =>
        Object.assign(datasets.find(({ label }) => label === dataset.label) ?? {}, dataset),
      );
      chart.update('none');
    },
    dispose: () => chart?.destroy(),
  };
}

function heightOf(plot: Plot): number {
  switch (plot.kind) {
    case 'bar':
      return plot.bars.length * 26 + 46;
    case 'line':
      // Many lines over one another need room.
      return plot.half ? 150 : plot.series.length > 6 ? 280 : 200;
    case 'scatter':
      return 260;
  }
}
