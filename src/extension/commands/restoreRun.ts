import { basename } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { readMeta } from '../../core/run/runStore.ts';
import { oneLine } from '../../core/printable.ts';
import { plainText } from '../views/plainText.ts';
import { listTrash, restoreFromTrash } from '../trash.ts';
import type { Command } from './command.ts';

/** `UDI: Restore Deleted Run`: brings runs back from `.udi/trash`: those given (by *Undo*), else the ones picked. */
export const restoreRun: Command = async ({ runs }, ...args) => {
  const trash = runs.roots.flatMap((root) => listTrash(root));
  const given = args.flat().filter((arg) => typeof arg === 'string');
  const chosen = given.length > 0 ? given.filter((folder) => trash.includes(folder)) : await pick(trash);
  if (given.length > 0 && chosen.length === 0) throw new UserError('The run is no longer in the trash.');
  const restored = chosen.map((folder) => restoreFromTrash(folder));
  runs.scan();
  return restored;
};

async function pick(trash: readonly string[]): Promise<string[]> {
  if (trash.length === 0) throw new UserError('The trash is empty: UDI: Delete Run puts runs there.');
  const items = trash.map((folder) => ({
    label: plainText(oneLine(readMeta(folder).title ?? basename(folder))), description: basename(folder), folder,
  }));
  const picked = await vscode.window.showQuickPick(items, { title: 'Restore deleted runs', canPickMany: true });
  return picked?.map((item) => item.folder) ?? [];
}
