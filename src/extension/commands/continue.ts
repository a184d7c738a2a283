import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';
import { sendToTrainer } from './sendToTrainer.ts';

/** `UDI: Continue`: ends a pause. */
export const continueRun: Command = async (services, ...args) => {
  const run = await oneRun(services, args, {
    title: 'Continue a paused run',
    accepts: (each) => each.state === 'paused',
    none: 'No run is paused: UDI: Resume goes on with one that has ended.',
    guess: true,
  });
  if (run) await sendToTrainer(run, { type: 'resume' });
};
