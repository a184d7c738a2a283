import type { ChartType, Plugin } from 'chart.js';

/** Options of `stageBands`: plain data in a config. chart.js calls each plugin for every chart, options or not. */
export interface BandOptions {
  readonly bands?: readonly {
    readonly from: number;
    readonly to: number;
    readonly label: string;
    readonly short: string;
  }[];
  readonly color: string;
  readonly textColor: string;
  readonly font: string;
}

/** Options of `barFigures`. */
export interface FigureOptions {
  readonly texts?: readonly string[];
  readonly zone?: { readonly from: number; readonly to: number; readonly label: string };
  readonly color: string;
  readonly zoneColor: string;
  readonly textColor: string;
  readonly font: string;
}

declare module 'chart.js' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- an augmented interface must repeat the type parameter
  interface PluginOptionsByType<TType extends ChartType> {
    stageBands?: BandOptions;
    barFigures?: FigureOptions;
  }
}

/** Room around the name of a stage. */
const PADDING = 8;

/** Lines between the stages and their names above the plot. */
export const stageBands: Plugin<'line', BandOptions> = {
  id: 'stageBands',
  beforeDatasetsDraw(chart, _args, { bands, color, textColor, font }) {
    const x = chart.scales['x'];
    if (!x || bands === undefined || bands.length === 0) return;
    const {
      ctx,
      chartArea: { top, bottom },
    } = chart;
    ctx.save();
    ctx.strokeStyle = color;
    ctx.fillStyle = textColor;
    ctx.font = font;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'bottom';
    // All names in full or none, so that stages of one kind are named alike.
    const whole = bands.every(
      ({ from, to, label }) =>
        ctx.measureText(label).width <= x.getPixelForValue(to) - x.getPixelForValue(from) - PADDING,
    );
    bands.forEach(({ from, to, label, short }, index) => {
      const [left, right] = [x.getPixelForValue(from), x.getPixelForValue(to)];
      if (index > 0) {
        ctx.beginPath();
        ctx.moveTo(Math.round(left) + 0.5, top - 14);
        ctx.lineTo(Math.round(left) + 0.5, bottom);
        ctx.stroke();
      }
      const text = whole ? label : cutOff(ctx, short, right - left - PADDING);
      ctx.fillText(text, (left + right) / 2, top - 3);
    });
    ctx.restore();
  },
};

/** The figure behind every bar, and a shaded range of values. */
export const barFigures: Plugin<'bar', FigureOptions> = {
  id: 'barFigures',
  beforeDatasetsDraw(chart, _args, { zone, zoneColor, textColor, font }) {
    const x = chart.scales['x'];
    if (!x || !zone) return;
    const {
      ctx,
      chartArea: { top, bottom },
    } = chart;
    const [left, right] = [x.getPixelForValue(zone.from), x.getPixelForValue(zone.to)];
    ctx.save();
    ctx.fillStyle = zoneColor;
    ctx.fillRect(left, top, Math.max(1, right - left), bottom - top);
    ctx.fillStyle = textColor;
    ctx.font = font;
    ctx.textBaseline = 'bottom';
    ctx.textAlign = 'right';
    ctx.fillText(zone.label, right, top - 3);
    ctx.restore();
  },
  afterDatasetsDraw(chart, _args, { texts, color, font }) {
    if (texts === undefined) return;
    const { ctx } = chart;
    ctx.save();
    ctx.fillStyle = color;
    ctx.font = font;
    ctx.textBaseline = 'middle';
    chart.getDatasetMeta(0).data.forEach((bar, index) => ctx.fillText(texts[index] ?? '', bar.x + 6, bar.y));
    ctx.restore();
  },
};

function cutOff(ctx: CanvasRenderingContext2D, whole: string, width: number): string {
  if (ctx.measureText(whole).width <= width) return whole;
  let text = whole;
  while (text.length > 0 && ctx.measureText(`${text}…`).width > width) text = text.slice(0, -1);
  return text === '' ? '' : `${text}…`;
}
