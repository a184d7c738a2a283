import { readFileSync } from 'node:fs';
import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import type { ConfigProblem } from '../../core/config/parseConfig.ts';
import { rangeOf } from '../language/diagnostics.ts';
import { isOfKind, type FileKind } from '../language/fileKind.ts';
import { plainText } from '../views/plainText.ts';

/** How a command asks which file it is about. */
export interface FileQuestion {
  readonly title: string;
  readonly placeHolder: string;
  /** Asked when the workspace has no such file; what it creates is taken. */
  readonly none: () => Promise<vscode.Uri | undefined>;
}

/** The file that a command is about: the one it was called with, the one in the editor, or the one the user picks. */
export async function chooseFile(
  kind: FileKind, target: unknown, { title, placeHolder, none }: FileQuestion,
): Promise<vscode.Uri | undefined> {
  if (target instanceof vscode.Uri) return target;
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active?.scheme === 'file' && isOfKind(kind, active.path)) return active;
  const found = await findFiles(kind);
  if (found.length === 0) return await none();
  const items = found.map((uri) => ({ label: plainText(vscode.workspace.asRelativePath(uri)), uri }));
  return (await vscode.window.showQuickPick(items, { title, placeHolder }))?.uri;
}

/** Files of a kind in the workspace, by path. */
export async function findFiles({ glob }: FileKind): Promise<vscode.Uri[]> {
  const found = await vscode.workspace.findFiles(glob, '**/{node_modules,.udi}/**', 200);
  return found.sort((a, b) => a.path.localeCompare(b.path));
}

/**
 * The text of a file that is about to be trained: what is in the editor, and what is on disk afterwards is the same.
 * @throws UserError if it cannot be saved
 */
export async function savedText(uri: vscode.Uri): Promise<string> {
  await saveIfDirty(await vscode.workspace.openTextDocument(uri));
  // Read from the disk: the text of a document that no editor shows may be older than its file.
  return readFileSync(uri.fsPath, 'utf8');
}

/**
 * Saves the document of a file that an editor may have open; returns whether there was something to save.
 * @throws UserError if it cannot be saved
 */
export async function saveIfOpen(path: string): Promise<boolean> {
  const open = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === vscode.Uri.file(path).fsPath);
  return open ? await saveIfDirty(open) : false;
}

async function saveIfDirty(document: vscode.TextDocument): Promise<boolean> {
  if (!document.isDirty) return false;
  if (await document.save()) return true;
  throw new UserError(`${document.uri.fsPath} could not be saved, so it was not trained.`, 'Save it and start again.');
}

/** Says why a file is not trained, and goes to the first thing that is wrong with it. */
export async function refuseFile(uri: vscode.Uri, problems: readonly ConfigProblem[]): Promise<void> {
  const [first] = problems;
  if (!first) return;
  const goTo = () => vscode.window.showTextDocument(uri, { selection: rangeOf(first) });
  await goTo();
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const key = first.key ? `${first.key}: ` : '';
  const text = `${vscode.workspace.asRelativePath(uri)}, line ${first.line}: ${key}${first.message}${more}`;
  void vscode.window.showErrorMessage(plainText(text), 'Go to Problem').then((answer) => answer && goTo());
}
