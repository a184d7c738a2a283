import type { Part } from '../dom.ts';
import { formatted, NONE, type Format } from '../../src/core/format.ts';
import type { Hue } from '../theme.ts';

/** How a series looks: never by color alone, so that it can be told apart without seeing colors. */
export interface Look {
  readonly hue: Hue;
  readonly dash: Dash;
  readonly marker: Marker;
}

/** Line pattern by name; the lengths are in `dashes`. */
export type Dash = 'solid' | 'dashed' | 'dotted' | 'dashDot';
/** Shape at the points of a line. */
export type Marker = 'circle' | 'triangle' | 'square' | 'diamond';

/** Lengths of dashes and gaps in pixels. */
export const dashes: Readonly<Record<Dash, readonly number[]>> = {
  solid: [],
  dashed: [7, 4],
  dotted: [2, 3],
  dashDot: [8, 3, 2, 3],
};

/** One point of a line. */
export interface PlotPoint {
  /** Position on the chart's epoch axis. */
  readonly x: number;
  readonly y: number;
  /** Where the axis runs through several stages: the stage and the epoch in it. */
  readonly stage?: string;
  readonly epoch: number;
  /** Whether the stage handed on the weights of this epoch. */
  readonly kept?: boolean;
  /** The first epoch of a stage: the line is broken before it. */
  readonly starts?: boolean;
  /** Where `y` is a mean over seeds: the ends of the band around it, and the number of seeds. */
  readonly spread?: { readonly low: number; readonly high: number; readonly n: number };
}

/** One line, broken between stages. */
export interface Series {
  /** What the legend switches: series of one id in several plots go together. */
  readonly id: string;
  readonly label: string;
  /** Header of its column in the table. */
  readonly column: string;
  readonly look: Look;
  readonly points: readonly PlotPoint[];
}

/** A stage on the epoch axis. */
export interface Band {
  readonly from: number;
  readonly to: number;
  readonly label: string;
  /** For bands too narrow for the label. */
  readonly short: string;
}

interface PlotBase {
  readonly id: string;
  readonly title: string;
  /** What a screen reader says for the picture. */
  readonly summary: string;
  readonly format: Format;
  /** Takes half of the width where there is room for two. */
  readonly half?: boolean;
}

/** Lines over epochs. */
export interface LinePlot extends PlotBase {
  readonly kind: 'line';
  readonly x: { readonly min: number; readonly max: number; readonly title: string };
  /** Ends of the value axis where the quantity has natural ones; it fits the values elsewhere. */
  readonly y: { readonly min?: number; readonly max?: number };
  readonly series: readonly Series[];
  readonly bands: readonly Band[];
}

/** Horizontal bars with their figures. */
export interface BarPlot extends PlotBase {
  readonly kind: 'bar';
  readonly max?: number;
  readonly bars: readonly Bar[];
  /** A range of values to be shaded, e.g. a tolerance. */
  readonly zone?: { readonly from: number; readonly to: number; readonly label: string };
}

/** One bar; `strong` stands out from the others. */
export interface Bar {
  readonly id: string;
  readonly label: string;
  readonly value: number;
  readonly look: Look;
  readonly strong: boolean;
}

/** One labelled point for each setting. */
export interface ScatterPlot extends PlotBase {
  readonly kind: 'scatter';
  /** The horizontal axis, from 0. */
  readonly x: { readonly title: string; readonly format: Format };
  readonly points: readonly ScatterPoint[];
}

/** A point of a scatter plot; `format` of the plot is that of `y`. */
export interface ScatterPoint {
  /** What the legend switches. */
  readonly id: string;
  readonly label: string;
  readonly look: Look;
  readonly x: number;
  readonly y: number;
}

/** One picture of a chart. */
export type Plot = LinePlot | BarPlot | ScatterPlot;

/** What a chart shows: its plots, which share one legend, and what there is to say about them. */
export interface Figure {
  readonly plots: readonly Plot[];
  /** Why there are no plots. A figure with neither plots nor reason makes no sense for its source: it is not shown. */
  readonly empty?: string;
  readonly note?: readonly Part[];
}

/** A chart: a pure function from what the host sent to what is drawn; pictures and table both come from its result. */
export interface Chart<Source> {
  readonly id: string;
  readonly title: string;
  /** Whether the user can choose one stage to look at. */
  readonly byStage?: boolean;
  draw(source: Source): Figure;
}

/** The last value of a line, for the spoken summary of a chart. */
export function newestOf(points: readonly PlotPoint[], format: Format): string {
  const last = points.at(-1);
  return last ? formatted(last.y, format) : NONE;
}

/** Smallest and largest position on an axis of whole epochs, with half an epoch of room. */
export function epochAxis(epochs: number, title = 'epoch'): LinePlot['x'] {
  return { min: 0.5, max: Math.max(1, epochs) + 0.5, title };
}
