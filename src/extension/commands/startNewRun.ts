import { rmSync } from 'node:fs';
import type * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { workspaceOfRun } from '../../core/run/runPaths.ts';
import type { Services } from '../services.ts';

/**
 * Starts the trainer of a run that was just created and shows its panel in `column`; without a trainer there is no run left.
 * Returns the run's folder.
 */
export async function startNewRun({ runs, trainer, runPanels }: Services, folder: string, column: vscode.ViewColumn): Promise<string> {
  const child = await trainer.start(folder).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  runs.addRoot(workspaceOfRun(folder));
  const run = runs.get(folder);
  if (!run) throw new UserError(`The new run ${folder} cannot be read.`);
  run.launched(child);
  runPanels.show(run, column, true);
  return folder;
}
