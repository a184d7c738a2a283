import { plainText } from '../dom.ts';
import { isShare, type Format } from '../../src/core/format.ts';
import { legendItems, shapes, type LegendItem } from '../legend.ts';
import type { Theme } from '../theme.ts';
import { tick } from './chartParts.ts';
import { placeLabels } from './labels.ts';
import { niceScale, wholeTicks, type Scale } from './niceTicks.ts';
import { dashes, type Figure, type LinePlot, type Look, type PlotPoint, type ScatterPlot } from './plot.ts';
import { bandPieces } from './seedBands.ts';
import { escapeXml, svg, svgText } from './svg.ts';

/** What a picture of a figure needs beside the figure. */
export interface PictureOptions {
  readonly title: string;
  /** Under the title: what must not be lost with the page around the chart. */
  readonly subtitle: string;
  readonly theme: Theme;
  /** Series that the user has switched off. */
  readonly hidden: readonly string[];
  /** Width of a text in the font of the picture, pixels. */
  measure(text: string): number;
}

/** A picture as SVG text, with its size in pixels. */
export interface Picture {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
}

const WIDTH = 760;
const MARGIN = 16;
const AXIS = 62;
const PLOT_HEIGHT = 250;
const TITLE = 22;
const BELOW = 40;
const LINE = 16;
const LEGEND_ROW = 20;
const LEGEND_GAP = 18;
const MARKERS = 24;

/** Where a plot lies, and its scales. */
interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  x(value: number): number;
  y(value: number): number;
}

/** Draws line and scatter plots with title, legend and axes: vector graphics that stand without the page. */
export function figureSvg(figure: Figure, { title, subtitle, theme, hidden, measure }: PictureOptions): Picture {
  const text = { 'font-size': 11, fill: theme.foreground };
  const items = legendItems(figure.plots).filter(({ id }) => !hidden.includes(id));
  const lines = [subtitle, ...(figure.note ? [plainText(figure.note)] : [])];
  const legend = legendSvg(items, MARGIN + 32 + lines.length * LINE, theme, measure);
  let top = MARGIN + 32 + lines.length * LINE + legend.height;
  const plots = figure.plots.flatMap((plot) => {
    if (plot.kind === 'bar') return [];
    const at = top;
    top += TITLE + PLOT_HEIGHT + BELOW;
    return [
      svgText(plot.title, { ...text, x: MARGIN, y: at + 12, 'font-weight': 600 }),
      plot.kind === 'line' ? lineSvg(plot, at + TITLE, theme, hidden) : scatterSvg(plot, at + TITLE, theme, hidden, measure),
    ];
  });
  const height = top + MARGIN - 8;
  const markup = svg(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: WIDTH,
      height,
      viewBox: `0 0 ${WIDTH} ${height}`,
      'font-family': theme.fontFamily,
      role: 'img',
    },
    [
      `<title>${escapeXml(title)}</title>`,
      `<desc>${escapeXml(figure.plots.map(({ summary }) => summary).join(' '))}</desc>`,
      svg('rect', { width: WIDTH, height, fill: theme.background }),
      svgText(title, { ...text, x: MARGIN, y: MARGIN + 14, 'font-size': 14, 'font-weight': 600 }),
      ...lines.map((line, index) =>
        svgText(line, { ...text, x: MARGIN, y: MARGIN + 32 + index * LINE, fill: theme.muted }),
      ),
      legend.svg,
      ...plots,
    ],
  );
  return { svg: markup, width: WIDTH, height };
}

function legendSvg(
  items: readonly LegendItem[],
  top: number,
  theme: Theme,
  measure: PictureOptions['measure'],
): { readonly svg: string; readonly height: number } {
  let [x, row] = [MARGIN, 0];
  const drawn = items.map(({ label, look }) => {
    const width = 34 + measure(label) + LEGEND_GAP;
    if (x > MARGIN && x + width > WIDTH - MARGIN) [x, row] = [MARGIN, row + 1];
    const y = top + row * LEGEND_ROW;
    const color = theme.hues[look.hue];
    const entry = [
      svg('line', { x1: x, y1: y + 6, x2: x + 28, y2: y + 6, stroke: color, 'stroke-width': 2, ...dash(look) }),
      marker(look, x + 14, y + 6, color),
      svgText(label, { x: x + 34, y: y + 10, 'font-size': 11, fill: theme.foreground }),
    ].join('');
    x += width;
    return entry;
  });
  return { svg: drawn.join(''), height: items.length === 0 ? 0 : (row + 1) * LEGEND_ROW + 4 };
}

function lineSvg(plot: LinePlot, top: number, theme: Theme, hidden: readonly string[]): string {
  const series = plot.series.filter(({ id }) => !hidden.includes(id));
  const values = series.flatMap(({ points }) =>
    points.flatMap(({ y, spread }) => (spread ? [y, spread.low, spread.high] : [y])),
  );
  const vertical = scaleOf(values, plot.format, plot.y);
  const frame = frameOf(top, plot.x, vertical);
  const axes = axesSvg(frame, plot.x.title, theme, {
    across: wholeTicks(plot.x.min, plot.x.max, 10).map((value) => ({ value, text: String(value) })),
    up: vertical.ticks.map((value) => ({ value, text: tick(value, plot.format) })),
  });
  const bands = series.flatMap(({ look, points }) =>
    bandPieces(points).map((piece) =>
      svg('polygon', {
        points: [
          ...piece.map((point) => corner(frame, point.x, point.spread!.high)),
          ...piece.toReversed().map((point) => corner(frame, point.x, point.spread!.low)),
        ].join(' '),
        fill: theme.hues[look.hue],
        'fill-opacity': 0.16,
      }),
    ),
  );
  const lines = series.flatMap(({ look, points }) => {
    const color = theme.hues[look.hue];
    const every = Math.ceil(points.length / MARKERS);
    return [
      svg('path', { d: pathOf(points, frame), fill: 'none', stroke: color, 'stroke-width': 1.75, ...dash(look) }),
      ...points.flatMap((point, index) =>
        index % every === 0 ? [marker(look, frame.x(point.x), frame.y(point.y), color)] : [],
      ),
    ];
  });
  return [axes, ...bands, ...lines].join('');
}

function scatterSvg(
  plot: ScatterPlot,
  top: number,
  theme: Theme,
  hidden: readonly string[],
  measure: PictureOptions['measure'],
): string {
  const points = plot.points.filter(({ id }) => !hidden.includes(id));
  const horizontal = niceScale(0, Math.max(...points.map(({ x }) => x), 0) * 1.08 || 1, 8);
  const vertical = scaleOf(points.map(({ y }) => y), plot.format, {});
  const frame = frameOf(top, horizontal, vertical);
  const axes = axesSvg(frame, plot.x.title, theme, {
    across: horizontal.ticks.map((value) => ({ value, text: tick(value, plot.x.format) })),
    up: vertical.ticks.map((value) => ({ value, text: tick(value, plot.format) })),
  });
  const places = points.map(({ x, y, label }) => ({ x: frame.x(x), y: frame.y(y), text: label }));
  return [
    axes,
    ...points.map(({ look }, index) => marker(look, places[index]!.x, places[index]!.y, theme.hues[look.hue], 1.3)),
    ...placeLabels(places, frame, measure).map((place, index) =>
      place ? svgText(places[index]!.text, { x: place.x, y: place.y + 4, 'font-size': 11, fill: theme.foreground }) : '',
    ),
  ].join('');
}

/** The vertical scale; of no values, because all series are switched off, one from 0 to 1. */
function scaleOf(values: readonly number[], format: Format, { min, max }: LinePlot['y']): Scale {
  const within = (value: number) => (isShare(format) ? Math.min(1, Math.max(0, value)) : value);
  const known = values.length === 0 ? [0, 1] : values.map(within);
  return niceScale(min ?? Math.min(...known), max ?? Math.max(...known), 5);
}

function frameOf(top: number, horizontal: Pick<Scale, 'min' | 'max'>, vertical: Scale): Frame {
  const [left, right, bottom] = [MARGIN + AXIS, WIDTH - MARGIN - 8, top + PLOT_HEIGHT];
  const share = (value: number, { min, max }: Pick<Scale, 'min' | 'max'>) => (value - min) / (max - min);
  return {
    left,
    right,
    top,
    bottom,
    x: (value) => left + share(value, horizontal) * (right - left),
    y: (value) => bottom - share(value, vertical) * (bottom - top),
  };
}

/** A line of the grid with its figure. */
interface Tick {
  readonly value: number;
  readonly text: string;
}

function axesSvg(
  { left, right, top, bottom, x, y }: Frame,
  title: string,
  theme: Theme,
  { across, up }: { readonly across: readonly Tick[]; readonly up: readonly Tick[] },
): string {
  const text = { 'font-size': 11, fill: theme.muted };
  return [
    ...up.map(({ value }) => svg('line', { x1: left, x2: right, y1: y(value), y2: y(value), stroke: theme.grid })),
    ...across.map(({ value }) => svg('line', { x1: x(value), x2: x(value), y1: top, y2: bottom, stroke: theme.grid })),
    svg('path', { d: `M${left} ${top}V${bottom}H${right}`, fill: 'none', stroke: theme.boundary }),
    ...up.map((each) => svgText(each.text, { ...text, x: left - 6, y: y(each.value) + 4, 'text-anchor': 'end' })),
    ...across.map((each) => svgText(each.text, { ...text, x: x(each.value), y: bottom + 15, 'text-anchor': 'middle' })),
    svgText(title, { ...text, x: (left + right) / 2, y: bottom + 30, 'text-anchor': 'middle' }),
  ].join('');
}

function pathOf(points: readonly PlotPoint[], frame: Frame): string {
  return points
    .map((point, index) => `${index === 0 || point.starts ? 'M' : 'L'}${corner(frame, point.x, point.y)}`)
    .join('');
}

function corner(frame: Frame, x: number, y: number): string {
  return `${frame.x(x).toFixed(2)} ${frame.y(y).toFixed(2)}`;
}

function marker({ marker: shape }: Look, x: number, y: number, fill: string, size = 0.8): string {
  // The paths of the legend lie around (14, 6).
  const [left, top] = [x - 14 * size, y - 6 * size].map((each) => each.toFixed(2));
  return svg('path', { d: shapes[shape], transform: `translate(${left} ${top}) scale(${size})`, fill });
}

function dash({ dash: name }: Look): { readonly 'stroke-dasharray'?: string } {
  return dashes[name].length === 0 ? {} : { 'stroke-dasharray': dashes[name].join(' ') };
}
