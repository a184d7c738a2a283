import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runFiles } from '../../core/run/runStore.ts';
import { studyFiles } from '../../core/study/studyStore.ts';
import { TrackedStudy } from '../follow/trackedStudy.ts';
import type { Command } from './command.ts';
import { namedRuns } from './pickRuns.ts';
import { namedStudy } from './pickStudies.ts';

/**
 * `UDI: Show Log`: what the trainer of a run or the supervisor of a study printed, or without either the extension's own
 * output.
 */
export const showLog: Command = async (services, ...args) => {
  const named = namedRuns(services, args)[0] ?? namedStudy(services, args[0]);
  const shown = named ?? services.runPanels.active ?? services.studyPanels.active;
  const file = shown && join(shown.folder, shown instanceof TrackedStudy ? studyFiles.log : runFiles.log);
  if (file && existsSync(file)) await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: true });
  else services.log.show();
};
