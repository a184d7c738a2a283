import type { Metric } from './run/events.ts';

/** Shown where there is no number. */
export const NONE = '–';
/** Shown in place of a number that is not finite. */
export const DIVERGED = 'diverged';

const MINUS = '\u2212';
/** Decimals of a metric that names none. */
const DIGITS = { percent: 2, number: 4 } as const;

/** A share as percentage: `97.12 %`. */
export function percent(share: number, decimals: number = DIGITS.percent): string {
  return Number.isFinite(share) ? `${fixed(share * 100, decimals)} %` : DIVERGED;
}

/** A difference of two shares in percentage points: `1.50 points`. */
export function points(difference: number): string {
  return Number.isFinite(difference) ? `${fixed(difference * 100, DIGITS.percent)} points` : DIVERGED;
}

/** A number with a fixed count of decimals and a true minus sign. */
export function fixed(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toFixed(decimals).replace('-', MINUS) : DIVERGED;
}

/** A number whose size is not known beforehand, e.g. an inner product of gradients. */
export function significant(value: number, digits: number): string {
  if (!Number.isFinite(value)) return DIVERGED;
  if (value === 0) return '0';
  const size = Math.abs(value);
  const whole = size >= 10 ** digits && size < 1e6;
  const text = whole
    ? value.toFixed(0)
    : size >= 1e-3 && size < 1e6
      ? value.toPrecision(digits)
      : value.toExponential(digits - 1);
  return text.replaceAll('-', MINUS);
}

/** A count with thin groups: `60 000`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Seconds as `42 s`, `3:42` or `1:04:09`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A value of a metric where its unit stands in the heading or the note: `97.12` of percentages, `0.4130` of numbers. */
export function metricNumber(value: number, { format, digits }: Metric): string {
  return fixed(format === 'percent' ? value * 100 : value, digits ?? DIGITS[format]);
}

/** A value of a metric with its unit: `97.12 %`, `0.4130 s`. */
export function metricText(value: number, metric: Metric): string {
  const unit = unitOf(metric);
  return Number.isFinite(value) && unit !== '' ? `${metricNumber(value, metric)} ${unit}` : metricNumber(value, metric);
}

/** A difference of two values of a metric, in the same digits, always with its sign unless it is zero as written. */
export function metricDifference(difference: number, metric: Metric): string {
  const text = metricNumber(Math.abs(difference), metric);
  return Number(text) === 0 || !Number.isFinite(difference) ? text : `${difference < 0 ? MINUS : '+'}${text}`;
}

/** The unit of a metric's values as they are written; '' for plain numbers. */
export function unitOf({ format, unit }: Metric): string {
  return unit ?? (format === 'percent' ? '%' : '');
}

/** What differences of a metric are counted in: `points` of percentages. */
export function differenceUnit(metric: Metric): string {
  return metric.format === 'percent' ? 'points' : unitOf(metric);
}

/** How a quantity is written on axes, in tooltips and tables. */
export type Format = 'percent' | 'weight' | 'entropy' | 'loss' | 'alignment' | 'seconds' | Metric;

/** Whether a value is a share that is shown in percent. */
export function isShare(format: Format): boolean {
  return format === 'percent' || (typeof format === 'object' && format.format === 'percent');
}

/** Writes a value in its quantity's own way. */
export function formatted(value: number, format: Format): string {
  if (typeof format === 'object') return metricText(value, format);
  switch (format) {
    case 'percent':
      return percent(value);
    case 'weight':
      return fixed(value, 3);
    case 'entropy':
      return fixed(value, 3);
    case 'loss':
      return significant(value, 4);
    case 'alignment':
      return significant(value, 3);
    case 'seconds':
      return `${significant(value, 4)} s`;
  }
}
