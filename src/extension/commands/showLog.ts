import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runFiles } from '../../core/runStore.ts';
import type { Command } from './command.ts';
import { namedRuns } from './pickRuns.ts';

/** `UDI: Show Log`: what the trainer of a run printed, or without a run the extension's own output. */
export const showLog: Command = async (services, ...args) => {
  const run = namedRuns(services, args)[0] ?? services.runPanels.active;
  const file = run && join(run.folder, runFiles.log);
  if (file && existsSync(file)) await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: true });
  else services.log.show();
};
