import * as vscode from 'vscode';
import { writeMeta } from '../../core/run/runStore.ts';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';

/** `UDI: Rename Run`: gives a run a title; an empty one brings back the name of its config. */
export const renameRun: Command = async (services, ...args) => {
  const run = await oneRun(services, args.slice(0, 1), {
    title: 'Rename a run',
    accepts: () => true,
    none: 'There is no run: UDI: Train starts one.',
    guess: true,
  });
  if (!run) return;
  const given = typeof args[1] === 'string' ? args[1] : undefined;
  const title = given ?? await vscode.window.showInputBox({
    title: 'Rename Run', value: run.title, prompt: 'Empty: the name of the config',
  });
  if (title === undefined) return;
  const { title: _, ...rest } = run.meta;
  writeMeta(run.folder, title.trim() === '' ? rest : { ...rest, title: title.trim() });
  run.refresh();
};
