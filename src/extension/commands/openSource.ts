import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { configFileOf, runFiles } from '../../core/run/runStore.ts';
import { plainText } from '../views/plainText.ts';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';

/**
 * `UDI: Open Source Config`: the file that a run was started from, to be changed and trained. Where that is gone, the run's stored
 * config is opened, and said to be it.
 */
export const openSource: Command = async (services, ...args) => {
  const run = await oneRun(services, args, {
    title: 'Open the file that a run was started from',
    accepts: ({ folder, meta }) => configFileOf(folder, meta) !== undefined || existsSync(join(folder, runFiles.config)),
    none: 'It is not known which file this run was started from: UDI: Train starts a new one.',
    guess: true,
  });
  if (!run) return;
  const source = configFileOf(run.folder, run.meta);
  if (source !== undefined && existsSync(source)) return void await vscode.window.showTextDocument(vscode.Uri.file(source));
  await vscode.window.showTextDocument(vscode.Uri.file(join(run.folder, runFiles.config)), { preview: true });
  const gone = source === undefined ? 'It is not known which file this run was started from' : `${source} is not there any more`;
  void vscode.window.showInformationMessage(plainText(`${gone}. This is the config that is stored with the run.`));
};
