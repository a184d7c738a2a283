import * as vscode from 'vscode';
import type { ConfigChecker } from './configFile.ts';

/** *Train* on the first line of a config, with the number of its problems if it has any. */
export class ConfigCodeLens implements vscode.CodeLensProvider {
  constructor(private readonly checker: ConfigChecker) {}

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const top = new vscode.Range(0, 0, 0, 0);
    const count = this.checker.check(document).problems.length;
    const train = new vscode.CodeLens(top, { title: '$(play) Train', command: 'udi.train', arguments: [document.uri] });
    if (count === 0) return [train];
    const title = count === 1 ? '$(error) 1 problem' : `$(error) ${count} problems`;
    return [train, new vscode.CodeLens(top, { title, command: 'workbench.actions.view.problems' })];
  }
}
