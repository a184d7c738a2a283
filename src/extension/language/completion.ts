import * as vscode from 'vscode';
import { outlineOf } from './configChoices.ts';
import { cursorAt } from './cursor.ts';
import type { DocumentHelp, KeyHelp } from './schemaHelp.ts';

/** Completes keys and values of a config or study from the catalogue. */
export class KeyCompletion implements vscode.CompletionItemProvider {
  constructor(private readonly help: DocumentHelp) {}

  provideCompletionItems(document: vscode.TextDocument, position: vscode.Position): vscode.CompletionItem[] {
    const cursor = cursorAt(document.getText().split(/\r?\n/), position.line, position.character);
    if (!cursor) return [];
    const { root } = this.help;
    const outline = outlineOf(document.getText(), { root, without: position.line });
    const full = outlineOf(document.getText(), { root });
    // The name that stands in the braces being typed, which are not yet valid YAML.
    const section = root.every((key, depth) => cursor.path[depth] === key) ? cursor.path[root.length] : undefined;
    const inline = cursor.inBraces && section !== undefined ? cursor.inline.get('name') : undefined;
    const choices = { ...full.choices, ...(section !== undefined && inline !== undefined ? { [section]: inline } : {}) };
    if (cursor.valueOf !== undefined) {
      return this.help.values([...cursor.path, cursor.valueOf], choices).map(({ value, help }, index) => {
        const item = new vscode.CompletionItem(value, vscode.CompletionItemKind.EnumMember);
        item.detail = help;
        item.sortText = orderText(index);
        return item;
      });
    }
    const present = new Set([...outline.keysAt(cursor.path), ...cursor.inline.keys()]);
    return this.help.keys(cursor.path, choices)
      .filter(({ key }) => !present.has(key))
      .map((key, index) => keyItem(key, index, cursor.inBraces));
  }
}

function keyItem(key: KeyHelp, index: number, inBraces: boolean): vscode.CompletionItem {
  const item = new vscode.CompletionItem(key.key, vscode.CompletionItemKind.Property);
  item.detail = key.required ? 'required' : key.detail;
  item.documentation = [key.help, key.detail].filter((part) => part !== '').join('\n\n');
  item.insertText = key.isMap && !inBraces ? new vscode.SnippetString(`${key.key}:\n  $0`) : `${key.key}: `;
  // What is required comes first.
  item.sortText = `${key.required ? 0 : 1}${orderText(index)}`;
  if (!key.isMap) item.command = { command: 'editor.action.triggerSuggest', title: 'Suggest a value' };
  return item;
}

/** Keeps the order of the schema, where VS Code would sort by the alphabet. */
function orderText(index: number): string {
  return String(index).padStart(3, '0');
}
