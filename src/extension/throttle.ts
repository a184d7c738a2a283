import type { Held } from './disposable.ts';

/** A call that runs at once and then at most once in `milliseconds`; the last one asked for is never lost. */
export interface Throttled extends Held {
  (): void;
}

/** Limits how often `action` runs. */
export function throttle(milliseconds: number, action: () => void): Throttled {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asked = false;
  const run = () => {
    asked = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (asked) run();
    }, milliseconds);
    action();
  };
  const call = () => {
    asked = true;
    if (timer === undefined) run();
  };
  return Object.assign(call, {
    dispose: () => {
      asked = false;
      clearTimeout(timer);
      timer = undefined;
    },
  });
}
