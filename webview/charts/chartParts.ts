import { isShare, type Format } from '../../src/core/format.ts';
import type { Theme } from '../theme.ts';
import type { PlotPoint } from './plot.ts';

/** Size of all text in charts, in pixels. */
export const FONT_SIZE = 11;

/** A point of a dataset; one without a value between two stages breaks the line. */
export interface DataPoint {
  readonly x: number;
  readonly y: number;
  readonly source?: PlotPoint;
}

/** What every chart has. */
export function common(theme: Theme) {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    font: font(theme),
    color: theme.foreground,
  } as const;
}

/** The font of axes and tooltips. */
export function font(theme: Theme) {
  return { family: theme.fontFamily, size: FONT_SIZE };
}

/** The same font as a canvas takes it. */
export function canvasFont(theme: Theme): string {
  return `${FONT_SIZE}px ${theme.fontFamily}`;
}

/** Grid and border of an axis. */
export function axis(theme: Theme) {
  return { grid: { color: theme.grid, drawTicks: false }, border: { color: theme.boundary } };
}

/** Labels of an axis. */
export function ticks(theme: Theme) {
  return { color: theme.muted, font: font(theme), padding: 6 };
}

/** The parts of chart.js that the page draws itself. */
export function plugins(theme: Theme) {
  return { legend: { display: false }, title: { display: false, color: theme.foreground } } as const;
}

/** A tooltip like the editor's own. */
export function tooltip(theme: Theme) {
  return {
    backgroundColor: theme.tooltip.background,
    titleColor: theme.tooltip.foreground,
    bodyColor: theme.tooltip.foreground,
    borderColor: theme.tooltip.border,
    borderWidth: 1,
    cornerRadius: 3,
    titleFont: { ...font(theme), weight: 'bold' as const },
    bodyFont: font(theme),
    usePointStyle: true,
    boxPadding: 4,
  };
}

/** Ends an axis of shares at 100 % where the room above the values would go beyond it. */
export function percentEnd(format: Format, values: readonly number[]): { readonly max?: number } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return isShare(format) && high + 0.1 * (high - low) > 1 ? { max: 1 } : {};
}

/** Axis figures are shorter than those of tables: `97 %`, `0.5`. */
export function tick(value: number, format: Format): string {
  if (isShare(format)) return `${Number((value * 100).toFixed(1))} %`;
  const text =
    Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3)
      ? value.toExponential(0)
      : String(Number(value.toPrecision(4)));
  return text.replace(/-/g, '\u2212');
}
