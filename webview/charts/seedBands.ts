import type { ChartType, Plugin } from 'chart.js';
import type { PlotPoint } from './plot.ts';

/** Options of `seedBands`: a color and the points whose spread it fills, line by line. */
export interface SeedBandOptions {
  readonly bands?: readonly { readonly color: string; readonly points: readonly PlotPoint[] }[];
}

declare module 'chart.js' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- an augmented interface must repeat the type parameter
  interface PluginOptionsByType<TType extends ChartType> {
    seedBands?: SeedBandOptions;
  }
}

/** The pieces of a line that have a spread and are not broken in between; a single point has no area. */
export function bandPieces(points: readonly PlotPoint[]): PlotPoint[][] {
  const pieces: PlotPoint[][] = [];
  let open: PlotPoint[] = [];
  for (const point of points) {
    if (point.starts || !point.spread) open = [];
    if (!point.spread) continue;
    if (open.length === 0) pieces.push(open);
    open.push(point);
  }
  return pieces.filter((piece) => piece.length > 1);
}

/** The area between the ends of the spread over seeds, behind the lines. */
export const seedBands: Plugin<'line', SeedBandOptions> = {
  id: 'seedBands',
  beforeDatasetsDraw(chart, _args, { bands }) {
    const { x, y } = chart.scales;
    if (!x || !y || bands === undefined || bands.length === 0) return;
    const { ctx, chartArea } = chart;
    ctx.save();
    ctx.beginPath();
    ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
    ctx.clip();
    for (const { color, points } of bands) {
      ctx.fillStyle = color;
      for (const piece of bandPieces(points)) {
        ctx.beginPath();
        for (const point of piece) ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.spread!.high));
        for (const point of piece.toReversed()) ctx.lineTo(x.getPixelForValue(point.x), y.getPixelForValue(point.spread!.low));
        ctx.fill();
      }
    }
    ctx.restore();
  },
};
