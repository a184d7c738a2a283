import * as vscode from 'vscode';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';

/** `UDI: Open Run`: shows the panel of a run. */
export const openRun: Command = async (services, ...args) => {
  const run = await oneRun(services, args, {
    title: 'Open a run',
    accepts: () => true,
    none: 'There is no run: UDI: Train starts one.',
  });
  if (run) services.runPanels.show(run, vscode.ViewColumn.Active);
};
