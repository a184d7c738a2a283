/** Shown where there is no number. */
export const NONE = '–';

const MINUS = '\u2212';

/** A share as percentage with two decimals: `97.12 %`. */
export function percent(share: number): string {
  return `${fixed(share * 100, 2)} %`;
}

/** A difference of two shares in percentage points: `1.50 points`. */
export function points(difference: number): string {
  return `${fixed(difference * 100, 2)} points`;
}

/** A number with a fixed count of decimals and a true minus sign. */
export function fixed(value: number, decimals: number): string {
  return value.toFixed(decimals).replace('-', MINUS);
}

/** A number whose size is not known beforehand, e.g. an inner product of gradients. */
export function significant(value: number, digits: number): string {
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

/** How a quantity is written on axes, in tooltips and tables. */
export type Format = 'percent' | 'weight' | 'entropy' | 'loss' | 'alignment' | 'seconds';

/** Writes a value in its quantity's own way. */
export function formatted(value: number, format: Format): string {
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
