import { extname } from 'node:path';
import * as vscode from 'vscode';
import { oneLine } from '../../core/printable.ts';
import { ownedError } from '../../core/files/processFile.ts';
import { missingPath, workspaceOfRun } from '../../core/run/runPaths.ts';
import { liveTrainer, runFiles } from '../../core/run/runStore.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { plainText } from '../views/plainText.ts';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';

/** `UDI: Resume`: trains on from the last checkpoint of a run that was interrupted, stopped, cancelled or failed. */
export const resume: Command = async (services, ...args) => {
  requireTrust(vscode.workspace.isTrusted);
  const run = await oneRun(services, args, {
    title: 'Resume a run',
    accepts: (each) => each.canResume,
    none: 'There is no run to resume, only such that are being trained or have finished: UDI: Train starts a new one.',
    guess: true,
  });
  if (!run) return undefined;
  const trainer = liveTrainer(run.folder);
  if (trainer) throw ownedError(`${run.title} is still being trained`, trainer, 'Wait until its process has ended.');
  const moved = await movedData(services, run);
  if (!moved) return undefined;
  run.launched(await services.trainer.start(run.folder, moved));
  services.runPanels.show(run, vscode.ViewColumn.Active);
  return run.folder;
};

/**
 * Where the data lie now, as the trainer takes it, if the place that the run's config names is gone; empty if it is there, undefined if
 * the user names none. The trainer refuses data that are not the same.
 */
async function movedData({ catalog }: Services, run: TrackedRun): Promise<string[] | undefined> {
  const config = run.ownConfig;
  const missing = config && missingPath(config, catalog, workspaceOfRun(run.folder));
  if (!missing) return [];
  const { key, path } = missing;
  const name = `dataset.${key}`;
  const text = `${plainText(run.title)} takes its data from ${plainText(oneLine(path, 300))} (${name} in its ${runFiles.config}), which does not exist. `
    + `If the data were moved, choose where they are now; on the command line: udi resume --set ${name}=<path>.`;
  const choose = 'Choose Data…';
  if ((await vscode.window.showErrorMessage(text, choose)) !== choose) return undefined;
  const isFile = extname(path) !== '';
  const [uri] = await vscode.window.showOpenDialog({
    title: `${name} of ${run.title}`, openLabel: 'Resume', canSelectFiles: isFile, canSelectFolders: !isFile, canSelectMany: false,
  }) ?? [];
  return uri && [`${name}=${uri.fsPath}`];
}
