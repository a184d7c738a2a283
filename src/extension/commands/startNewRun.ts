import type * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { removeNeverBegun } from '../../core/run/neverBegun.ts';
import { workspaceOfRun } from '../../core/run/runPaths.ts';
import type { Services } from '../services.ts';
import { notifyNeverBegun } from '../views/notifier.ts';

/**
 * Starts the trainer of a run that was just created and shows its panel in `column`; where that ends
 * before the run has begun no run is left, and a notification says why. Returns the run's folder.
 */
export async function startNewRun({ runs, trainer, runPanels, log }: Services, folder: string, column: vscode.ViewColumn): Promise<string> {
  const child = await trainer.start(folder).catch((error: unknown) => {
    removeNeverBegun(folder);
    throw error;
  });
  runs.addRoot(workspaceOfRun(folder));
  const run = runs.get(folder);
  if (!run) throw new UserError(`The new run ${folder} cannot be read.`);
  const { title } = run;
  // Before the run itself hears of the end: it is not one that was interrupted.
  child.once('exit', () => {
    const never = removeNeverBegun(folder);
    if (!never) return;
    runs.scan();
    void notifyNeverBegun(title, never, log);
  });
  run.launched(child);
  runPanels.show(run, column, true);
  return folder;
}
