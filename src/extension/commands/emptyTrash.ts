import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { emptyTrash, listTrash } from '../trash.ts';
import type { Command } from './command.ts';

/** `UDI: Empty Trash`: removes deleted runs for good. What is older than 30 days goes by itself. */
export const emptyTrashCommand: Command = async ({ runs }) => {
  const count = runs.roots.flatMap((root) => listTrash(root)).length;
  if (count === 0) throw new UserError('The trash is empty: UDI: Delete Run puts runs there.');
  const text = count === 1 ? 'Remove 1 deleted run for good?' : `Remove ${count} deleted runs for good?`;
  const modal = { modal: true, detail: 'This cannot be undone.' };
  if (!(await vscode.window.showWarningMessage(text, modal, 'Remove'))) return;
  for (const root of runs.roots) emptyTrash(root);
};
