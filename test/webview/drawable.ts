import { expect } from 'vitest';
import type { DataPoint } from '../../webview/charts/chartParts.ts';
import { plotConfig } from '../../webview/charts/config.ts';
import { figureTables } from '../../webview/charts/figureTables.ts';
import type { Figure } from '../../webview/charts/plot.ts';
import type { Theme } from '../../webview/theme.ts';

/** A theme whose colors can be told apart in what is drawn. */
export const theme: Theme = {
  hues: {
    foreground: '#111111',
    blue: '#0000ff',
    orange: '#ff8800',
    green: '#00aa00',
    purple: '#880088',
    red: '#ff0000',
    yellow: '#aaaa00',
  },
  background: '#ffffff',
  foreground: '#111111',
  muted: '#555555',
  grid: '#eeeeee',
  boundary: '#999999',
  tooltip: { background: '#ffffff', foreground: '#111111', border: '#999999' },
  fontFamily: 'sans-serif',
};

/** Builds everything that the page would draw of a figure, and checks it against itself. */
export function expectDrawable(id: string, figure: Figure): void {
  for (const plot of figure.plots) {
    const { data, options } = plotConfig(plot, theme);
    expect(options?.animation).toBe(false);
    expect(plot.summary).not.toMatch(/undefined|NaN/);
    if (plot.kind === 'bar') {
      expect(data.datasets[0]?.data).toEqual(plot.bars.map(({ value }) => value));
      continue;
    }
    if (plot.kind === 'scatter') {
      expect(data.datasets.map((dataset) => dataset.data)).toEqual(plot.points.map(({ x, y }) => [{ x, y }]));
      expect(new Set(plot.points.map(({ look }) => `${look.hue} ${look.marker}`)).size).toBe(plot.points.length);
      continue;
    }
    expect(plot.series.length).toBeGreaterThan(0);
    plot.series.forEach((series, index) => {
      const drawn = (data.datasets[index]?.data as DataPoint[]).filter(({ source }) => source);
      expect(drawn.map(({ x, y }) => [x, y])).toEqual(series.points.map(({ x, y }) => [x, y]));
      for (const { x, y } of drawn) {
        expect(x).toBeGreaterThan(plot.x.min);
        expect(x).toBeLessThan(plot.x.max);
        expect(Number.isFinite(y)).toBe(true);
      }
      // What stands between the points only breaks the line.
      expect(
        (data.datasets[index]?.data as DataPoint[])
          .filter(({ source }) => !source)
          .every(({ x, y }) => Number.isFinite(x) && Number.isNaN(y)),
      ).toBe(true);
    });
    // Told apart without color, as far as there are patterns.
    const cues = plot.series.map(({ look }) => `${look.dash} ${look.marker}`);
    expect(new Set(cues).size).toBe(Math.min(cues.length, 16));
  }
  const values = figureTables(id, id, figure)
    .flatMap(({ rows }) => rows.flat())
    .filter(({ data }) => data?.['value'] !== undefined);
  const points = figure.plots.flatMap((plot) =>
    plot.kind === 'bar'
      ? plot.bars.map(({ value }) => value)
      : plot.kind === 'scatter'
        ? plot.points.map(({ y }) => y)
        : plot.series.flatMap((series) => series.points.map(({ y }) => y)),
  );
  expect(values.map(({ data }) => Number(data!['value'])).sort()).toEqual(points.sort());
}
