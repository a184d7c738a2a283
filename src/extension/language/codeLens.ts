import * as vscode from 'vscode';
import type { CommandId } from '../commands/ids.ts';
import type { Checker } from './checker.ts';

/** A command that is offered above the first line of a document, with the document's uri as its argument. */
export interface LensCommand {
  readonly title: string;
  readonly command: CommandId;
}

/** Commands on the first line of a document, with the number of its problems if it has any. */
export class FirstLineCodeLens implements vscode.CodeLensProvider {
  constructor(private readonly checker: Checker, private readonly commands: readonly LensCommand[]) {}

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const top = new vscode.Range(0, 0, 0, 0);
    const count = this.checker.check(document).problems.length;
    const offered = this.commands.map((each) => new vscode.CodeLens(top, { ...each, arguments: [document.uri] }));
    if (count === 0) return offered;
    const title = count === 1 ? '$(error) 1 problem' : `$(error) ${count} problems`;
    return [...offered, new vscode.CodeLens(top, { title, command: 'workbench.actions.view.problems' })];
  }
}
