import type { ChartConfiguration, ChartType, Plugin } from 'chart.js';
import { formatted, isShare } from '../../src/core/format.ts';
import type { Theme } from '../theme.ts';
import { axis, canvasFont, common, font, percentEnd, plugins, tick, ticks, tooltip, type DataPoint } from './chartParts.ts';
import { placeLabels } from './labels.ts';
import type { ScatterPlot } from './plot.ts';

/** Markers by the names that chart.js has for them. */
export const pointStyles = { circle: 'circle', triangle: 'triangle', square: 'rect', diamond: 'rectRot' } as const;

/** Options of `pointLabels`. */
export interface LabelOptions {
  readonly enabled?: boolean;
  readonly color: string;
  readonly font: string;
}

declare module 'chart.js' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- an augmented interface must repeat the type parameter
  interface PluginOptionsByType<TType extends ChartType> {
    pointLabels?: LabelOptions;
  }
}

/** The names of the points of a scatter plot, as far as there is room for them. */
export const pointLabels: Plugin<'line', LabelOptions> = {
  id: 'pointLabels',
  afterDatasetsDraw(chart, _args, { enabled, color, font: text }) {
    if (enabled !== true) return;
    const { ctx, chartArea } = chart;
    const shown = chart.data.datasets.flatMap(({ label }, index) => {
      const point = chart.isDatasetVisible(index) ? chart.getDatasetMeta(index).data[0] : undefined;
      return point ? [{ x: point.x, y: point.y, text: label ?? '' }] : [];
    });
    ctx.save();
    ctx.fillStyle = color;
    ctx.font = text;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'middle';
    placeLabels(shown, chartArea, (each) => ctx.measureText(each).width).forEach((place, index) => {
      if (place) ctx.fillText(shown[index]!.text, place.x, place.y);
    });
    ctx.restore();
  },
};

/** A scatter plot for chart.js: lines of one point each, so that every point has a look of its own. */
export function scatterConfig(
  plot: ScatterPlot,
  theme: Theme,
  hidden: readonly string[],
): ChartConfiguration<'line', DataPoint[]> {
  const values = plot.points.filter(({ id }) => !hidden.includes(id)).map(({ y }) => y);
  const title = (text: string) => ({ display: true, text, color: theme.muted, font: font(theme), padding: 0 });
  return {
    type: 'line',
    data: {
      datasets: plot.points.map(({ id, label, look, x, y }) => ({
        label,
        data: [{ x, y }],
        hidden: hidden.includes(id),
        showLine: false,
        pointStyle: pointStyles[look.marker],
        pointRadius: 5,
        pointHoverRadius: 7,
        pointHitRadius: 8,
        // Arrays, because chart.js shares plain options between points and then keeps the colors of the theme before.
        pointBorderColor: [theme.hues[look.hue]],
        pointBackgroundColor: [theme.hues[look.hue]],
        clip: false,
        parsing: false,
      })),
    },
    options: {
      ...common(theme),
      layout: { padding: { top: 8, right: 10 } },
      interaction: { mode: 'nearest', intersect: true },
      scales: {
        x: {
          ...axis(theme),
          type: 'linear',
          min: 0,
          grace: '10%',
          title: title(plot.x.title),
          ticks: { ...ticks(theme), maxRotation: 0, callback: (value) => tick(Number(value), plot.x.format) },
        },
        y: {
          ...axis(theme),
          type: 'linear',
          ...percentEnd(plot.format, values),
          grace: '12%',
          afterDataLimits: (scale) => {
            if (isShare(plot.format)) [scale.min, scale.max] = [Math.max(0, scale.min), Math.min(1, scale.max)];
          },
          ticks: { ...ticks(theme), maxTicksLimit: 6, callback: (value) => tick(Number(value), plot.format) },
        },
      },
      plugins: {
        ...plugins(theme),
        tooltip: {
          ...tooltip(theme),
          callbacks: {
            title: () => '',
            label: ({ dataset, parsed }) =>
              `${dataset.label ?? ''}  ${formatted(parsed.y ?? 0, plot.format)}, ${formatted(parsed.x ?? 0, plot.x.format)}`,
          },
        },
        pointLabels: { enabled: true, color: theme.foreground, font: canvasFont(theme) } satisfies LabelOptions,
      },
    },
  };
}
