import * as vscode from 'vscode';
import { markdownText } from '../views/plainText.ts';
import { outlineOf } from './configChoices.ts';
import { keyAt } from './keyAt.ts';
import { keyHelp, type DocumentHelp } from './schemaHelp.ts';

/** Explains the key under the cursor: what it does, its range and default, and where its formula comes from. */
export class KeyHover implements vscode.HoverProvider {
  constructor(private readonly help: DocumentHelp) {}

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    const text = document.getText();
    const found = keyAt(text, document.offsetAt(position));
    const key = found && keyHelp(this.help, found.path, outlineOf(text, this.help).choices);
    if (!found || !key || key.help === '') return undefined;
    const parts = [key.help, key.detail, key.source ? `Source: ${key.source}` : ''].filter((part) => part !== '');
    const content = new vscode.MarkdownString(parts.map(markdownText).join('\n\n'));
    const range = new vscode.Range(document.positionAt(found.start), document.positionAt(found.end));
    return new vscode.Hover(content, range);
  }
}
