import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { canResume } from '../../core/run/run.ts';
import { liveTrainer } from '../../core/run/runStore.ts';
import { requireTrust } from '../trust.ts';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';

/** `UDI: Resume`: trains on from the last checkpoint of a run that was interrupted, stopped, cancelled or failed. */
export const resume: Command = async (services, ...args) => {
  requireTrust(vscode.workspace.isTrusted);
  const run = await oneRun(services, args, {
    title: 'Resume a run',
    accepts: (each) => canResume(each.state),
    none: 'There is no run to resume: it is being trained or has finished.',
    guess: true,
  });
  if (!run) return undefined;
  if (liveTrainer(run.folder)) {
    throw new UserError(`${run.title} is still being trained.`, 'Wait until its process has ended.');
  }
  run.launched(await services.trainer.start(run.folder));
  services.runPanels.show(run, vscode.ViewColumn.Active);
  return run.folder;
};
