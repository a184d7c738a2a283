import { printable } from '../../core/printable.ts';

/** Exit codes of commands that train. */
export const exitCodes = { finished: 0, stopped: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** How a run or a study in the foreground has ended. */
export interface Ending {
  readonly what: 'Run' | 'Study';
  readonly folder: string;
  readonly state: string;
  readonly error: { readonly message: string; readonly hint?: string } | undefined;
  /** Its numbers, as text; '' for none. */
  readonly results?: string;
  /** The commands that come next: when it has finished, and when it has not. */
  readonly next: { readonly finished: string; readonly unfinished: string };
  /** Whether somebody pressed Ctrl-C. */
  readonly interrupted: boolean;
}

/** Prints the closing lines, without `json` all of them and with it only the error. Returns the exit code. */
export function printEnding({ what, folder, state, error, results = '', next, interrupted }: Ending, json: boolean): number {
  if (error) process.stderr.write(printable(`${error.message}\n${error.hint ?? ''}\n`));
  if (!json) {
    if (results !== '') process.stdout.write(`\n${results}\n`);
    process.stdout.write(`\n${what} ${state}: ${folder}\n${state === 'finished' ? next.finished : next.unfinished}\n`);
  }
  if (interrupted && state !== 'finished') return exitCodes.interrupted;
  return state === 'finished' || state === 'stopped' ? exitCodes[state] : exitCodes.failed;
}
