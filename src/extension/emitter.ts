import type { Held } from './disposable.ts';

/** Something to listen to; the result of the call ends the listening. */
export type Event<T> = (listener: (value: T) => void) => Held;

/** The sender of an `Event`, for the model, which must run without VS Code so that unit tests can drive it. */
export class Emitter<T> {
  readonly #listeners = new Set<(value: T) => void>();

  readonly event: Event<T> = (listener) => {
    const own = (value: T) => listener(value);
    this.#listeners.add(own);
    return { dispose: () => this.#listeners.delete(own) };
  };

  /** Calls every listener. */
  fire(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }

  /** Forgets all listeners. */
  dispose(): void {
    this.#listeners.clear();
  }
}
