import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';
import { sendToTrainer } from './sendToTrainer.ts';

/** `UDI: Pause`: the trainer waits after the current step. */
export const pause: Command = async (services, ...args) => {
  const run = await oneRun(services, args, {
    title: 'Pause a run',
    accepts: (each) => each.state === 'running',
    none: 'No run is being trained: UDI: Train starts one, UDI: Resume goes on with one.',
    guess: true,
  });
  if (run) await sendToTrainer(run, { type: 'pause' });
};
