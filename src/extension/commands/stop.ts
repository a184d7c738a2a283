import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';
import { sendToTrainer } from './sendToTrainer.ts';

/** `UDI: Stop After Epoch`: the run ends after the open epoch, with a checkpoint. */
export const stop: Command = async (services, ...args) => {
  const run = await oneRun(services, args, {
    title: 'Stop after the epoch',
    accepts: (each) => each.isActive,
    none: 'No run is being trained: UDI: Train starts one, UDI: Resume goes on with one.',
    guess: true,
  });
  if (run) await sendToTrainer(run, { type: 'stop' });
};
