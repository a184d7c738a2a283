import type { EpochEvent } from '../../core/run/events.ts';

/** The first epoch with the highest validation accuracy among those it was offered; its variables are in the checkpoints. */
export class BestEpoch {
  #found: { readonly stage: string; readonly event: EpochEvent; readonly accuracy: number } | undefined;

  /** Returns whether the epoch is the best so far; then its variables are to be kept. `target` is what it is judged by. */
  offer(stage: string, event: EpochEvent, target: string): boolean {
    const accuracy = event.validation[target]!['accuracy']!;
    if (this.#found && this.#found.accuracy >= accuracy) return false;
    this.#found = { stage, event, accuracy };
    return true;
  }

  /** The epoch and its stage; undefined if none was offered. */
  get found(): { readonly stage: string; readonly event: EpochEvent } | undefined {
    return this.#found;
  }
}
