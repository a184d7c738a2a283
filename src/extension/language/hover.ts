import { isMap, isScalar, parseDocument, type Node } from 'yaml';
import * as vscode from 'vscode';
import type { ConfigHelp } from './configSchema.ts';
import { outlineOf } from './configChoices.ts';

/** Explains the key under the cursor: what it does, its range and default, and where its formula comes from. */
export class ConfigHover implements vscode.HoverProvider {
  constructor(private readonly help: ConfigHelp) {}

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | undefined {
    const text = document.getText();
    const found = keyAt(text, document.offsetAt(position));
    const key = found && this.help.key(found.path, outlineOf(text).choices);
    if (!found || !key || key.help === '') return undefined;
    const content = new vscode.MarkdownString().appendText(key.help);
    if (key.detail !== '') content.appendMarkdown('\n\n').appendText(key.detail);
    if (key.source) content.appendMarkdown('\n\n').appendText(`Source: ${key.source}`);
    return new vscode.Hover(content, new vscode.Range(document.positionAt(found.start), document.positionAt(found.end)));
  }
}

/** The key (or plain value of a key) that stands at `offset`, with its path. */
export function keyAt(text: string, offset: number): { path: string[]; start: number; end: number } | undefined {
  const within = (node: Node | null | undefined) => !!node?.range && offset >= node.range[0] && offset <= node.range[1];
  const path: string[] = [];
  let map: unknown = parseDocument(text, { prettyErrors: false, logLevel: 'silent' }).contents;
  while (isMap(map)) {
    const pair = map.items.find(({ key, value }) => within(key as Node) || within(value as Node | null));
    const key = pair?.key;
    if (!pair || !isScalar(key) || !key.range) return undefined;
    path.push(String(key.value));
    if (within(key) || !isMap(pair.value)) return { path, start: key.range[0], end: key.range[1] };
    map = pair.value;
  }
  return undefined;
}
