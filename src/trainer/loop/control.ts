/** Thrown at the next step after `cancel`. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Requests from clients and signals, seen by the loop between two steps. */
export class Control {
  /** Set by `stop`: end after the current epoch. */
  stopRequested = false;
  private readonly aborting = new AbortController();
  private waiting: (() => void) | undefined;
  private pauseRequested = false;
  /** Milliseconds that the loop has stood still so far. */
  private pausedFor = 0;
  private readonly onPause: (paused: boolean) => void;

  /** `onPause` hears when the loop really waits, and when it goes on. */
  constructor(onPause: (paused: boolean) => void) {
    this.onPause = onPause;
  }

  /** Whether the loop stands still now. */
  get paused(): boolean {
    return this.waiting !== undefined;
  }

  /** Aborted by `cancel`, with `Cancelled` as its reason; for work that does not pass the gate. */
  get signal(): AbortSignal {
    return this.aborting.signal;
  }

  stop(): void {
    this.stopRequested = true;
    this.resume();
  }

  cancel(): void {
    this.aborting.abort(new Cancelled('The run was cancelled.'));
    this.resume();
  }

  pause(): void {
    this.pauseRequested = true;
  }

  resume(): void {
    this.pauseRequested = false;
    this.waiting?.();
  }

  /** Starts a clock that stands still while the loop does; it returns the seconds since its start. */
  startClock(): () => number {
    const [begin, before] = [performance.now(), this.pausedFor];
    return () => (performance.now() - begin - (this.pausedFor - before)) / 1000;
  }

  /** Lets the event loop run, waits while paused, and throws `Cancelled` after `cancel`. Called between steps. */
  async gate(): Promise<void> {
    await new Promise(setImmediate);
    if (this.pauseRequested && !this.signal.aborted && !this.stopRequested) {
      this.onPause(true);
      const begin = performance.now();
      await new Promise<void>((resolve) => { this.waiting = resolve; });
      this.pausedFor += performance.now() - begin;
      this.waiting = undefined;
      this.onPause(false);
    }
    this.signal.throwIfAborted();
  }
}
