import type { ChartConfiguration, ChartDataset, TooltipItem } from 'chart.js';
import { formatted, isShare } from '../../src/core/format.ts';
import { translucent, type Theme } from '../theme.ts';
import { axis, canvasFont, common, font, percentEnd, plugins, tick, ticks, tooltip, type DataPoint } from './chartParts.ts';
import { dashes, type BarPlot, type LinePlot, type Look, type Plot, type Series } from './plot.ts';
import type { BandOptions, FigureOptions } from './plugins.ts';
import { pointStyles, scatterConfig } from './scatterConfig.ts';
import type { SeedBandOptions } from './seedBands.ts';

/** The configuration of either kind of plot. */
export type PlotConfig = ChartConfiguration<'line', DataPoint[]> | ChartConfiguration<'bar', number[], string>;

/** The same for all line plots, so that epochs of plots above one another are in line. */
const AXIS_WIDTH = 62;
/** Room above the plot for the names of the stages. */
const BAND_HEIGHT = 18;
/** Room behind the bars for their figures. */
const BAR_LABEL_WIDTH = 62;
/** Up to this many points each gets a marker; with more, only some, or the line disappears under them. */
const MARKERS = 24;

const LONGEST_NAME = 18;

/** Turns a plot into a configuration of chart.js. Pure: the colors come with the theme. */
export function plotConfig(plot: Plot, theme: Theme, hidden: readonly string[] = []): PlotConfig {
  switch (plot.kind) {
    case 'line':
      return lineConfig(plot, theme, hidden);
    case 'bar':
      return barConfig(plot, theme);
    case 'scatter':
      return scatterConfig(plot, theme, hidden);
  }
}

function lineConfig(plot: LinePlot, theme: Theme, hidden: readonly string[]): ChartConfiguration<'line', DataPoint[]> {
  const shown = plot.series.filter(({ id }) => !hidden.includes(id));
  const means = shown.flatMap(({ points }) => points.map(({ y }) => y));
  const ends = shown.flatMap(({ points }) => points.flatMap(({ spread }) => (spread ? [spread.low, spread.high] : [])));
  return {
    type: 'line',
    data: { datasets: plot.series.map((series) => lineDataset(series, theme, hidden.includes(series.id))) },
    options: {
      ...common(theme),
      layout: { padding: { top: plot.bands.length > 0 ? BAND_HEIGHT : 6, right: 10 } },
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      scales: {
        x: {
          ...axis(theme),
          type: 'linear',
          min: plot.x.min,
          max: plot.x.max,
          title: { display: true, text: plot.x.title, color: theme.muted, font: font(theme), padding: 0 },
          // Whole epochs only: the half ones at the ends are no ticks.
          ticks: { ...ticks(theme), precision: 0, includeBounds: false, maxRotation: 0 },
        },
        y: {
          ...axis(theme),
          type: 'linear',
          ...(plot.y.min === undefined ? {} : { min: plot.y.min }),
          ...(plot.y.max === undefined ? percentEnd(plot.format, [...means, ...ends]) : { max: plot.y.max }),
          // The axis sees the means only; the bands around them must fit, too.
          ...(ends.length === 0 ? {} : { suggestedMin: Math.min(...ends), suggestedMax: Math.max(...ends) }),
          // One value or equal values: leave room above and below.
          grace: plot.y.max === undefined ? '6%' : 0,
          afterDataLimits: (scale) => {
            if (isShare(plot.format)) [scale.min, scale.max] = [Math.max(0, scale.min), Math.min(1, scale.max)];
          },
          afterFit: (scale) => {
            scale.width = AXIS_WIDTH;
          },
          ticks: { ...ticks(theme), maxTicksLimit: 6, callback: (value) => tick(Number(value), plot.format) },
        },
      },
      plugins: {
        ...plugins(theme),
        tooltip: {
          ...tooltip(theme),
          callbacks: {
            title: (items) => tooltipTitle(items),
            label: (item) =>
              `${item.dataset.label ?? ''}  ${formatted(item.parsed.y ?? 0, plot.format)}${mark(item)}`,
          },
        },
        stageBands: {
          bands: plot.bands.map((band) => ({ ...band })),
          color: theme.boundary,
          textColor: theme.muted,
          font: canvasFont(theme),
        } satisfies BandOptions,
        seedBands: {
          bands: shown.map(({ look, points }) => ({ color: translucent(hue(look, theme), 0.16), points: [...points] })),
        } satisfies SeedBandOptions,
      },
    },
  };
}

function lineDataset(
  { label, look, points }: Series,
  theme: Theme,
  hidden: boolean,
): ChartDataset<'line', DataPoint[]> {
  const color = theme.hues[look.hue];
  const data = points.flatMap((point, index): DataPoint[] => {
    const here = { x: point.x, y: point.y, source: point };
    return index > 0 && point.starts ? [gap(point.x), here] : [here];
  });
  const every = Math.ceil(data.length / MARKERS);
  return {
    label,
    data,
    hidden,
    borderColor: color,
    borderWidth: 1.75,
    borderDash: [...dashes[look.dash]],
    pointStyle: pointStyles[look.marker],
    pointRadius: data.map(({ source }, index) => (source?.kept ? 5 : index % every === 0 ? 3 : 0)),
    pointHoverRadius: 5,
    pointHitRadius: 8,
    pointBorderColor: color,
    pointBorderWidth: data.map(({ source }) => (source?.kept ? 2 : 1)),
    // The epoch whose weights were kept is a hollow marker.
    pointBackgroundColor: data.map(({ source }) => (source?.kept ? theme.background : color)),
    clip: false,
    parsing: false,
  };
}

/** chart.js looks points up by their x, so that the gap needs a place, too. */
function gap(before: number): DataPoint {
  return { x: before - 0.5, y: NaN };
}

function barConfig(plot: BarPlot, theme: Theme): ChartConfiguration<'bar', number[], string> {
  return {
    type: 'bar',
    data: {
      labels: plot.bars.map(({ label }) => shorten(label)),
      datasets: [
        {
          label: plot.title,
          data: plot.bars.map(({ value }) => value),
          backgroundColor: plot.bars.map(({ look, strong }) => translucent(hue(look, theme), strong ? 0.85 : 0.3)),
          borderColor: plot.bars.map(({ look }) => hue(look, theme)),
          borderWidth: plot.bars.map(({ strong }) => (strong ? 2 : 1)),
          maxBarThickness: 16,
        },
      ],
    },
    options: {
      ...common(theme),
      indexAxis: 'y',
      layout: { padding: { right: BAR_LABEL_WIDTH, top: BAND_HEIGHT } },
      scales: {
        x: {
          ...axis(theme),
          type: 'linear',
          min: 0,
          ...(plot.max === undefined ? {} : { max: plot.max }),
          ticks: { ...ticks(theme), maxTicksLimit: 5, maxRotation: 0, callback: (value) => tick(Number(value), plot.format) },
        },
        y: {
          ...axis(theme),
          type: 'category',
          grid: { display: false },
          ticks: { ...ticks(theme), color: theme.foreground, autoSkip: false },
        },
      },
      plugins: {
        ...plugins(theme),
        // The figure stands behind every bar; there is nothing more to say in a tooltip.
        tooltip: { enabled: false },
        barFigures: {
          texts: plot.bars.map(({ value }) => formatted(value, plot.format)),
          zone: plot.zone ? { ...plot.zone } : undefined,
          color: theme.foreground,
          zoneColor: theme.grid,
          textColor: theme.muted,
          font: canvasFont(theme),
        } satisfies FigureOptions,
      },
    },
  };
}

/** Leaves out the middle of a long name: beside a bar there is room for this much. */
function shorten(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME / 2)}…${name.slice(-LONGEST_NAME / 2 + 1)}` : name;
}

function hue(look: Look, theme: Theme): string {
  return theme.hues[look.hue];
}

function tooltipTitle(items: readonly TooltipItem<'line'>[]): string {
  const source = (items[0]?.raw as DataPoint | undefined)?.source;
  if (!source) return '';
  return source.stage ? `${source.stage}, epoch ${source.epoch}` : `epoch ${source.x}`;
}

function mark(item: TooltipItem<'line'>): string {
  const { source } = item.raw as DataPoint;
  if (source?.spread && source.spread.n > 1) return `  (mean of ${source.spread.n})`;
  return source?.kept ? '  (kept)' : '';
}
