/** What can be ended in two ways: a run, a study. */
export interface Stoppable {
  stop(): void;
  cancel(): void;
}

/** Signals of a terminal, passed on to what is being trained. */
export interface Interrupts {
  /** Takes what is to be ended, as soon as it can be. */
  readonly onControl: (control: Stoppable) => void;
  readonly interrupted: () => boolean;
  readonly remove: () => void;
}

/** First Ctrl-C (or SIGTERM): stop after the epoch, with a checkpoint. Second one: cancel now. */
export function handleInterrupts(quiet: boolean): Interrupts {
  let control: Stoppable | undefined;
  let count = 0;
  const onSignal = (): void => {
    count++;
    if (count === 1) control?.stop();
    else control?.cancel();
    if (!quiet) process.stderr.write(count === 1 ? '\nStopping after this epoch; press Ctrl-C again to cancel now.\n' : '\nCancelling; the last checkpoint stays.\n');
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal);
  return {
    onControl: (given) => {
      control = given;
      if (count > 0) given.cancel();
    },
    interrupted: () => count > 0,
    remove: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal);
    },
  };
}
