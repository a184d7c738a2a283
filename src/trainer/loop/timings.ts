/**
 * What time is measured of. `epochs` is all of the epochs, with their checkpoints; what it is spent on: `reading` is waiting for
 * batches that are read ahead, `upload` puts them on the device, `step` trains on them and reads the loss sums at the end,
 * `evaluation` is that of the validation split, `epochEvents` writes and announces the epochs' events. `checkpoints` and `journal`
 * are what the whole run spent on them, between its stages too. A device that only queues work gives its time to whoever waits for it.
 */
export type TimedPart = 'epochs' | 'reading' | 'upload' | 'step' | 'evaluation' | 'epochEvents' | 'checkpoints' | 'journal';

/** Seconds that a run has spent on each, without pauses. */
export type Timings = Partial<Record<TimedPart, number>>;

/** Adds seconds to a part, where somebody wants to know. */
export function addSeconds(timings: Timings | undefined, part: TimedPart, seconds: number): void {
  if (timings) timings[part] = (timings[part] ?? 0) + seconds;
}
