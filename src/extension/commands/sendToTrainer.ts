import { UserError } from '../../core/errors.ts';
import type { ClientMessage } from '../../core/wire.ts';
import type { TrackedRun } from '../trackedRun.ts';

const PATIENCE = 5000;
const PAUSE = 100;

/**
 * Sends a message to the trainer of an active run; one that is just starting or being re-connected is waited for.
 * @throws UserError if the trainer cannot be reached
 */
export async function sendToTrainer(run: TrackedRun, message: ClientMessage): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (run.isActive && !run.send(message)) {
    if (Date.now() > end) {
      throw new UserError(`The trainer of ${run.title} does not answer.`, 'Try again; Cancel can end its process.');
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
