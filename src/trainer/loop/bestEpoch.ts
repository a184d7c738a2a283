import type { EpochEvent } from '../../core/run/events.ts';
import { assignVariables, readVariables } from '../store/checkpoint.ts';
import type { NamedVariables } from '../model/module.ts';
import type { StoredTensor } from '../store/safetensors.ts';

/** Names of a checkpoint's tensors that belong to the best epoch begin with this. */
const PREFIX = 'best';

/** The first epoch with the highest validation accuracy among those it was offered, and the variables as they were after it. */
export class BestEpoch {
  #found: { readonly stage: string; readonly event: EpochEvent; readonly accuracy: number } | undefined;
  #tensors: Readonly<Record<string, StoredTensor>> = {};

  /** Returns whether the epoch is the best so far; then its variables are to be stored (`store`). `target` is what it is judged by. */
  offer(stage: string, event: EpochEvent, target: string): boolean {
    const accuracy = event.validation[target]!['accuracy']!;
    if (this.#found && this.#found.accuracy >= accuracy) return false;
    this.#found = { stage, event, accuracy };
    return true;
  }

  /** Keeps a copy of the variables in ordinary memory. */
  async store(variables: NamedVariables): Promise<void> {
    this.#tensors = await readVariables(PREFIX, variables);
  }

  /** Takes up the copy that a checkpoint holds. */
  load(tensors: Readonly<Record<string, StoredTensor>>): void {
    this.#tensors = Object.fromEntries(Object.entries(tensors).filter(([name]) => name.startsWith(`${PREFIX}/`)));
  }

  /** Sets the variables to what they were after the best epoch. */
  restore(variables: NamedVariables): void {
    assignVariables(PREFIX, variables, this.#tensors);
  }

  /** The epoch and its stage; undefined if none was offered. */
  get found(): { readonly stage: string; readonly event: EpochEvent } | undefined {
    return this.#found;
  }

  /** What a checkpoint must hold. */
  get tensors(): Readonly<Record<string, StoredTensor>> {
    return this.#tensors;
  }
}
