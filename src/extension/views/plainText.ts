/**
 * Names come from files that anybody may have written. VS Code reads `$(icon)` in status bar and quick pick labels and
 * `[text](command:id)` in notifications as markup; a zero-width space inside them leaves the text as it looks.
 */
export function plainText(text: string): string {
  return text.replace(/\$(?=\()/g, '$\u200b').replace(/\](?=\()/g, ']\u200b');
}

/** Text in which Markdown finds nothing to render; unlike `appendText` it leaves blanks, so that lines can wrap. */
export function markdownText(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-!|<>~&$]/g, '\\$&');
}
