import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runFiles } from '../../core/run/runStore.ts';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';

/** `UDI: Open Config`: the complete config that a run was trained with, as it lies in its folder. */
export const openConfig: Command = async (services, ...args) => {
  const run = await oneRun(services, args, {
    title: 'Open the config of a run',
    accepts: (each) => existsSync(join(each.folder, runFiles.config)),
    none: 'There is no run with a config: UDI: Train starts one.',
    guess: true,
  });
  if (run) await vscode.window.showTextDocument(vscode.Uri.file(join(run.folder, runFiles.config)), { preview: true });
};
