import { errorText, knownError } from '../../core/errors.ts';
import { JournalLost } from './journal.ts';

/** Why something ended, as journals hold it. */
interface Failure {
  readonly message: string;
  readonly hint?: string;
}

/** How the work on a run or a study ends. */
export interface Closing<State extends string, Reason extends Failure> {
  readonly state: State;
  readonly error?: Reason;
}

/** Work on a folder that ends with a last event. */
export interface ClosedWork<State extends string, Reason extends Failure> {
  readonly work: () => Promise<State>;
  /** What an error of the work means. */
  readonly endOf: (error: unknown) => Closing<State, Reason>;
  /** Writes the last event. */
  readonly append: (end: Closing<State, Reason>) => unknown;
  /** Lets go of clients and listeners, however the work ended. */
  readonly close: () => Promise<void>;
}

/**
 * Does the work, says in the journal how it ended, and lets go. Returns the state of the end.
 * @throws JournalLost if the journal is not this process's any more; whatever else the work throws is an end
 */
export async function closing<State extends string, Reason extends Failure>({ work, endOf, append, close }: ClosedWork<State, Reason>): Promise<State> {
  let end: Closing<State, Reason>;
  try {
    end = { state: await work() };
  } catch (error) {
    end = endOf(error);
  }
  try {
    append(end);
  } catch (error) {
    if (error instanceof JournalLost) throw error;
    // A journal that cannot be written any more (disk full) must not hide why; the folder counts as interrupted.
    process.stderr.write(`${end.error?.message ?? end.state}\n${errorText(error)}\n`);
  } finally {
    await close();
  }
  return end.state;
}

/** An error as a journal holds it. One that is not the user's goes to the log with its stack; `advice` says what to do beside reading that. */
export function failureOf(error: unknown, advice = ''): Failure {
  const known = knownError(error);
  if (known) return { message: known.message, ...(known.hint ? { hint: known.hint } : {}) };
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return { message: errorText(error), hint: `This is a defect; the log has the details.${advice}` };
}
