import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import type { Command } from './command.ts';
import { namedRuns, runItem } from './pickRuns.ts';

/** `UDI: Compare Runs`: the selected runs side by side; asks which if fewer than two are selected. */
export const compareRuns: Command = async (services, ...args) => {
  const { runs, tree, comparePanels } = services;
  await runs.whenLoaded();
  const named = namedRuns(services, args);
  // The context menu passes the run under the mouse too; the order of the list is the order that is compared.
  const chosen = named.length >= 2 ? named : tree.selection.length >= 2 ? [...tree.selection] : undefined;
  if (chosen) return comparePanels.show(chosen);
  if (runs.list().length < 2) throw new UserError('There are fewer than two runs to compare.');
  const items = runs.list().map((run) => ({ ...runItem(run), picked: named.includes(run) }));
  const picked = await vscode.window.showQuickPick(items, {
    title: 'Compare runs', placeHolder: 'Choose two or more', canPickMany: true,
  });
  if (!picked) return undefined;
  if (picked.length < 2) throw new UserError('Choose two or more runs to compare.');
  return comparePanels.show(picked.map((item) => item.run));
};
