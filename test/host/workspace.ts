import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { UdiApi } from '../../src/extension/extension.ts';

/** Id of the extension under test. */
export const EXTENSION = 'udi-lab.udi-lab';

/** Activates the extension and returns what it hands out. */
export async function activated(): Promise<UdiApi> {
  const extension = vscode.extensions.getExtension<UdiApi>(EXTENSION);
  assert.ok(extension, `${EXTENSION} is not installed`);
  return await extension.activate();
}

/** Path of the folder that the window is open on. */
export function workspaceRoot(): string {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, 'the suites need a window that is open on a folder');
  return folder.uri.fsPath;
}

/** Writes a file into the workspace and returns where. */
export async function writeFile(name: string, text: string): Promise<vscode.Uri> {
  const uri = vscode.Uri.file(join(workspaceRoot(), name));
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  return uri;
}

let count = 0;

/**
 * Writes a config of its own name (`<stem>-<number>.udi.yaml`) and opens it: VS Code keeps the text of a file for a
 * while after its editor was closed, so a name is used once.
 */
export async function openConfig(stem: string, text: string, ending = 'udi.yaml'): Promise<vscode.TextEditor> {
  return await vscode.window.showTextDocument(await writeFile(`${stem}-${++count}.${ending}`, text));
}

/** Closes all editors and removes what a suite has written: numbered files, those named, and runs. */
export async function cleanUp(...names: string[]): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  const numbered = readdirSync(workspaceRoot()).filter((name) => /-\d+\.(udi(-study)?\.)?(yaml|json)$/.test(name));
  for (const name of ['.udi', ...numbered, ...names]) {
    rmSync(join(workspaceRoot(), name), { recursive: true, force: true });
  }
  await vscode.commands.executeCommand('udi.refreshRuns');
}

/** So many epochs last until a test ends them. */
export const ENDLESS = 100_000;

/** Waits until `read` gives something else than undefined or false; only a failing test waits to the end. */
export async function until<T>(what: string, read: () => T | Promise<T>, seconds = 120): Promise<NonNullable<T>> {
  for (const end = Date.now() + 1000 * seconds; ;) {
    const value = await read();
    if (value !== undefined && value !== null && value !== false) return value;
    if (Date.now() > end) throw new Error(`Waited ${seconds} s in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** View types of the open webview panels. */
export function openPanels(): string[] {
  const inputs = vscode.window.tabGroups.all.flatMap((group) => group.tabs).map(({ input }) => input);
  return inputs.filter((input) => input instanceof vscode.TabInputWebview)
    .map(({ viewType }) => viewType.replace('mainThreadWebview-', ''));
}
