import * as vscode from 'vscode';
import type { Catalog } from '../../core/config/catalog.ts';
import { Disposable } from '../disposable.ts';
import type { Log } from '../log.ts';
import { Runs } from './runs.ts';
import { Studies } from './studies.ts';
import type { Watch } from './watchedFolders.ts';

/** The runs and studies of the workspace's folders, whichever these are at the moment. */
export class WorkspaceRuns extends Disposable {
  readonly runs: Runs;
  readonly studies: Studies;

  constructor(log: Log, catalog: Catalog) {
    super();
    this.runs = this.register(new Runs({ log, watch: watchFor('.udi/runs/**') }));
    this.studies = this.register(new Studies({ log, watch: watchFor('.udi/studies/**'), runs: this.runs, catalog }));
    this.register(vscode.workspace.onDidChangeWorkspaceFolders(() => this.#setRoots()));
    this.#setRoots();
  }

  #setRoots(): void {
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    const roots = folders.map(({ uri }) => uri.fsPath);
    this.studies.setRoots(roots);
    this.runs.setRoots(roots);
  }
}

function watchFor(glob: string): Watch {
  return (root, onChange) => {
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(root), glob));
    const tell = (uri: vscode.Uri) => onChange(uri.fsPath);
    watcher.onDidCreate(tell);
    watcher.onDidChange(tell);
    watcher.onDidDelete(tell);
    return watcher;
  };
}
