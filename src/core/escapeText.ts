import { oneLine } from './printable.ts';

/** Text as a field of CSV (RFC 4180), quoted where it has to be. */
export function csvCell(text: string): string {
  return /[",\r\n]/.test(text) || text.trim() !== text ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Text on one line of Markdown, with nothing in it that is markup. */
export function markdownText(text: string): string {
  return oneLine(text, Infinity).replace(/[\\`*_{}[\]<>#|~!&$]/g, '\\$&');
}

const latexSpecial: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}', '{': '\\{', '}': '\\}', '$': '\\$', '&': '\\&', '#': '\\#', '_': '\\_', '%': '\\%',
  '~': '\\textasciitilde{}', '^': '\\textasciicircum{}', '<': '\\textless{}', '>': '\\textgreater{}',
  '|': '\\textbar{}',
  // At the beginning of a row these two would be taken for arguments of the line before.
  '[': '{[}', '*': '{*}',
  // Characters of our own labels that pdfLaTeX does not know; the check mark needs amssymb.
  'α': '$\\alpha$', '✓': '$\\checkmark$', '±': '$\\pm$', '≈': '$\\approx$', '−': '$-$',
};

/** Text on one line of LaTeX, with nothing in it that is a command. */
export function latexText(text: string): string {
  return oneLine(text, Infinity).replace(/[\\{}$&#_%~^<>|[*α✓±≈−]/g, (character) => latexSpecial[character] ?? character);
}
