/** Memory of a read that is under way or in use. */
export interface Slot {
  readonly buffer: SharedArrayBuffer;
  /** Gives the memory back, once. */
  release(): void;
}

/**
 * A ring of buffers that workers and the trainer share: a batch takes the one that has been free the longest, so that memory
 * stays flat. It never waits: whoever holds more batches than usual (a probe) is given fresh memory.
 */
export class BufferRing {
  private readonly free: SharedArrayBuffer[] = [];

  /** Keeps at most `slots` free buffers. */
  constructor(private readonly slots: number) {}

  /** Memory of at least this many bytes, all zero. */
  take(bytes: number): Slot {
    const found = this.free.findIndex((buffer) => buffer.byteLength >= bytes);
    const [buffer = new SharedArrayBuffer(bytes)] = found < 0 ? [] : this.free.splice(found, 1);
    if (found >= 0) new Uint8Array(buffer, 0, bytes).fill(0);
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      this.free.push(buffer);
      // Of too many, the smallest goes: batches of varying length settle on buffers that are large enough.
      if (this.free.length > this.slots) this.free.splice(this.free.indexOf(this.free.reduce((least, each) => (each.byteLength < least.byteLength ? each : least))), 1);
    };
    return { buffer, release };
  }
}
