/** Batches that are read while a step computes; with the one in use, as many as a batch's memory is needed for. */
export const READ_AHEAD = 3;

/** Something that was read and holds memory until it is released. */
interface Held {
  release(): void;
}

/**
 * Reads what belongs to each place, in order, up to `READ_AHEAD` places further than what was asked for last. Whoever asks
 * releases what he gets; what was read but never asked for, because of an error or an early end, is released here.
 */
export async function* readAhead<Place, Read extends Held>(places: readonly Place[], read: (place: Place) => Promise<Read>): AsyncGenerator<Read, void> {
  const pending: Promise<Read>[] = [];
  let next = 0;
  const start = (): void => {
    while (next < places.length && pending.length <= READ_AHEAD) {
      const reading = read(places[next++]!);
      // A read that fails before its turn is reported when its turn comes.
      reading.catch(() => undefined);
      pending.push(reading);
    }
  };
  try {
    for (start(); pending.length > 0; start()) yield await pending.shift()!;
  } finally {
    for (const result of await Promise.allSettled(pending)) if (result.status === 'fulfilled') result.value.release();
  }
}
