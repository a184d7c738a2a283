import * as vscode from 'vscode';
import { errorText } from '../../core/errors.ts';
import { liveTrainer } from '../../core/run/runStore.ts';
import { plainText } from '../views/plainText.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';
import { sendToTrainer } from './sendToTrainer.ts';

/** A step may take seconds; after this long a trainer that was cancelled is taken to hang. */
const PATIENCE = 15_000;
const PAUSE = 250;

/** `UDI: Cancel`: ends the training now; the last checkpoint stays. A trainer that does not react can be killed. */
export const cancel: Command = async (services, ...args) => {
  const run = await oneRun(services, args, {
    title: 'Cancel a run',
    accepts: (each) => each.isActive,
    none: 'No run is being trained: UDI: Train starts one, UDI: Resume goes on with one.',
    guess: true,
  });
  if (!run) return;
  // What runs elsewhere can be neither asked nor killed from here.
  if (run.elsewhere !== undefined) return await sendToTrainer(run, { type: 'cancel' });
  try {
    await sendToTrainer(run, { type: 'cancel' });
  } catch (error) {
    services.log.warn(errorText(error));
  }
  if (!(await hasEnded(run))) void offerKill(run);
};

async function hasEnded(run: TrackedRun): Promise<boolean> {
  for (const end = Date.now() + PATIENCE; run.isActive && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return !run.isActive;
}

async function offerKill(run: TrackedRun): Promise<void> {
  const text = `${plainText(run.title)} does not react. Its process can be killed; the last checkpoint stays.`;
  if (!(await vscode.window.showWarningMessage(text, 'Kill Process'))) return;
  const trainer = liveTrainer(run.folder);
  if (trainer && trainer.elsewhere === undefined) process.kill(trainer.pid, 'SIGKILL');
}
