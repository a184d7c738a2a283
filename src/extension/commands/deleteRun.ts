import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { plainText } from '../views/plainText.ts';
import { moveToTrash } from '../trash.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';
import type { Command } from './command.ts';
import { namedRuns, oneRun } from './pickRuns.ts';

/** `UDI: Delete Run`: moves runs to `.udi/trash`, from where *Undo* brings them back. Running ones are refused. */
export const deleteRun: Command = async (services, ...args) => {
  const named = namedRuns(services, args);
  const asked = named.length > 0 ? [] : [await oneRun(services, args, {
    title: 'Delete a run',
    accepts: (run) => !run.isActive,
    none: 'All runs are being trained: cancel one (UDI: Cancel) to delete it.',
  })];
  const chosen = [...named, ...asked].filter((run) => run !== undefined);
  const active = chosen.filter((run) => run.isActive);
  if (active.length > 1) throw new UserError(`${active.length} of these runs are being trained.`, 'Cancel them first.');
  if (active[0]) return void refuse(active[0]);
  const trashed = chosen.map((run) => moveToTrash(run.folder));
  services.runs.scan();
  if (trashed.length > 0) void offerUndo(chosen, trashed);
  return trashed;
};

async function refuse(run: TrackedRun): Promise<void> {
  const text = `${plainText(run.title)} is being trained. Cancel it before you delete it.`;
  const answer = await vscode.window.showWarningMessage(text, 'Cancel Training');
  if (answer) await vscode.commands.executeCommand('udi.cancel', run.folder);
}

async function offerUndo(runs: readonly TrackedRun[], trashed: readonly string[]): Promise<void> {
  const what = runs.length === 1 ? plainText(runs[0]?.title ?? '') : `${runs.length} runs`;
  const answer = await vscode.window.showInformationMessage(`Deleted ${what}.`, 'Undo');
  if (answer) await vscode.commands.executeCommand('udi.restoreRun', trashed);
}
