/** Ticks at round figures, and the ends of an axis that has them as its first and last. */
export interface Scale {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
}

/** About `count` ticks that enclose the values from `low` to `high`; `step` is 1, 2 or 5 times a power of ten. */
export function niceScale(low: number, high: number, count: number): Scale {
  const room = high > low ? high - low : Math.abs(high) * 0.1 || 1;
  const raw = room / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= raw * (1 - 1e-9)) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
  return { min: ticks[0]!, max: ticks.at(-1)!, ticks };
}

/** Round figures inside an axis whose ends are fixed, whole numbers only. */
export function wholeTicks(min: number, max: number, count: number): number[] {
  return niceScale(min, max, count).ticks.filter((tick) => tick >= min && tick <= max && Number.isInteger(tick));
}
