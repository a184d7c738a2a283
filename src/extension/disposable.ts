/** Anything that holds something to be let go of. */
export interface Held {
  dispose(): unknown;
}

/** Base of everything with a lifetime: what is registered is disposed with it, last first; what comes late, at once. */
export class Disposable {
  readonly #held: Held[] = [];
  #disposed = false;

  /** Whether `dispose` was called. */
  get isDisposed(): boolean {
    return this.#disposed;
  }

  /** Keeps `item` until this is disposed. */
  protected register<T extends Held>(item: T): T {
    if (this.#disposed) item.dispose();
    else this.#held.push(item);
    return item;
  }

  /** Lets go of everything; a second call does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const item of this.#held.splice(0).reverse()) item.dispose();
  }
}

/** A timer as something to be disposed. */
export function every(milliseconds: number, action: () => void): Held {
  const timer = setInterval(action, milliseconds);
  return { dispose: () => clearInterval(timer) };
}
