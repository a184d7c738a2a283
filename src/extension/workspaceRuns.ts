import * as vscode from 'vscode';
import { Disposable, type Held } from './disposable.ts';
import type { Log } from './log.ts';
import { Runs } from './runs.ts';

/** The runs of the workspace's folders, whichever these are at the moment. */
export class WorkspaceRuns extends Disposable {
  readonly runs: Runs;

  constructor(log: Log) {
    super();
    this.runs = this.register(new Runs({ log, watch }));
    this.register(vscode.workspace.onDidChangeWorkspaceFolders(() => this.runs.setRoots(workspaceRoots())));
    this.runs.setRoots(workspaceRoots());
  }
}

function workspaceRoots(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath);
}

function watch(root: string, onChange: (path: string) => void): Held {
  const pattern = new vscode.RelativePattern(vscode.Uri.file(root), '.udi/runs/**');
  const watcher = vscode.workspace.createFileSystemWatcher(pattern);
  const tell = (uri: vscode.Uri) => onChange(uri.fsPath);
  watcher.onDidCreate(tell);
  watcher.onDidChange(tell);
  watcher.onDidDelete(tell);
  return watcher;
}
