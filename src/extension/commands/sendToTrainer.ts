import { UserError } from '../../core/errors.ts';
import { signalEnd } from '../../core/files/processSignal.ts';
import type { ClientMessage } from '../../core/wire.ts';
import { TrackedRun } from '../follow/trackedRun.ts';
import type { TrackedStudy } from '../follow/trackedStudy.ts';

const PATIENCE = 5000;
const PAUSE = 100;

/**
 * Sends a message to the trainer of an active run, or to the supervisor of an active study; one that is just starting or
 * being re-connected is waited for.
 * @throws UserError if it cannot be reached
 */
export async function sendToTrainer(target: TrackedRun | TrackedStudy, message: ClientMessage): Promise<void> {
  if (target.elsewhere !== undefined) {
    throw new UserError(`${target.title} is run on ${target.elsewhere}, where its process cannot be reached from here.`, `End it there; here it can only be watched.`);
  }
  const { process } = target;
  if (process?.socket === '') {
    const ends = message.type === 'stop' || message.type === 'cancel';
    if (ends && await signalEnd(process.pid, message.type)) return;
    throw new UserError(`The process of ${target.title} has no socket, so it cannot be asked for this.`, 'Stop and Cancel work; its notes say why there is no socket.');
  }
  const end = Date.now() + PATIENCE;
  while (target.isActive && !target.send(message)) {
    if (Date.now() > end) throw unreachable(target);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

function unreachable(target: TrackedRun | TrackedStudy): UserError {
  return target instanceof TrackedRun
    ? new UserError(`The trainer of ${target.title} does not answer.`, 'Try again; Cancel can end its process.')
    : new UserError(`The supervisor of the study ${target.title} does not answer.`, 'Try again.');
}
