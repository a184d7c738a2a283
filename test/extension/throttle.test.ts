import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { throttle } from '../../src/extension/throttle.ts';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

describe('throttle', () => {
  it('runs at once, then at most once an interval, and never loses the last call', () => {
    const action = vi.fn();
    const call = throttle(250, action);
    for (let count = 0; count < 10; count++) call();
    expect(action).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(250);
    expect(action).toHaveBeenCalledTimes(2);
    vi.advanceTimersByTime(5000);
    expect(action).toHaveBeenCalledTimes(2);
    call();
    expect(action).toHaveBeenCalledTimes(3);
  });

  it('does nothing after it was disposed', () => {
    const action = vi.fn();
    const call = throttle(250, action);
    call();
    call();
    call.dispose();
    vi.advanceTimersByTime(5000);
    expect(action).toHaveBeenCalledTimes(1);
  });
});
