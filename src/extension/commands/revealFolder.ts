import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';

/** `UDI: Reveal Run Folder`: shows a run's folder in the file manager, or in the Explorer where there is none. */
export const revealFolder: Command = async (services, ...args) => {
  const run = await oneRun(services, args, {
    title: 'Reveal the folder of a run',
    accepts: () => true,
    none: 'There is no run: UDI: Train starts one.',
    guess: true,
  });
  if (!run) return;
  // On a remote host the file manager of this machine cannot show the folder.
  const local = vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop;
  await vscode.commands.executeCommand(local ? 'revealFileInOS' : 'revealInExplorer', vscode.Uri.file(run.folder));
};
