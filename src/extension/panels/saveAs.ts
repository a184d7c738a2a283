import { basename } from 'node:path';
import * as vscode from 'vscode';

/** Asks where to store `bytes`, starting in `folder`, and stores them there; does nothing if the user names no place. */
export async function saveAs(folder: string, name: string, ending: string, bytes: Uint8Array): Promise<void> {
  const uri = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(vscode.Uri.file(folder), `${name}.${ending}`),
    filters: { [ending.toUpperCase()]: [ending] },
  });
  if (!uri) return;
  await vscode.workspace.fs.writeFile(uri, bytes);
  vscode.window.setStatusBarMessage(`Saved ${basename(uri.path)}`, 3000);
}
