import * as vscode from 'vscode';
import type { ConfigHelp, KeyHelp } from './configSchema.ts';
import { outlineOf } from './configChoices.ts';
import { cursorAt } from './cursor.ts';

/** Completes keys and values of a config from the catalogue. */
export class ConfigCompletion implements vscode.CompletionItemProvider {
  constructor(private readonly help: ConfigHelp) {}

  provideCompletionItems(document: vscode.TextDocument, position: vscode.Position): vscode.CompletionItem[] {
    const cursor = cursorAt(document.getText().split(/\r?\n/), position.line, position.character);
    if (!cursor) return [];
    const outline = outlineOf(document.getText(), position.line);
    const full = outlineOf(document.getText());
    const section = cursor.path[0] ?? '';
    const inline = cursor.inline.get('name');
    const choices = { ...full.choices, ...(cursor.inBraces && inline !== undefined ? { [section]: inline } : {}) };
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
