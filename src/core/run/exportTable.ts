import { csvCell, latexText, markdownText } from '../escapeText.ts';
import type { CompareView, ScoreRow } from '../protocol.ts';
import { selectionNotes, selectionOf, type SelectionSplit } from './selection.ts';

/** Formats in which a comparison can be copied. */
export type TableFormat = 'csv' | 'markdown' | 'latex';

/** What of a comparison goes into a table: a row for each run, then the keys that differ, then the test scores. */
export interface ComparedTable {
  readonly titles: readonly string[];
  readonly changed: CompareView['changed'];
  readonly scores: readonly ScoreRow[];
  /** On which split the epochs of each run were selected; undefined for a run without scores. */
  readonly selectedOn: readonly (SelectionSplit | undefined)[];
}

/**
 * The comparison as text: CSV with raw shares (for other programs), Markdown and LaTeX (booktabs) with percentages
 * and the best value of each column in bold, and a line on which split the epochs were selected. All names are escaped, so that they stay text wherever they are pasted.
 */
export function exportTable(table: ComparedTable, format: TableFormat): string {
  switch (format) {
    case 'csv': return csv(table);
    case 'markdown': return markdown(table);
    case 'latex': return latex(table);
  }
}

function csv(table: ComparedTable): string {
  const scores = table.scores.map(({ values }) => values.map((value) => (value === undefined ? '' : String(value))));
  return [[...headings(table, ''), 'selectedOn'], ...rows(table, scores, (text) => text).map((cells, run) => [...cells, table.selectedOn[run] ?? ''])]
    .map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
}

function markdown(table: ComparedTable): string {
  const scores = percentages(table, (text) => `**${text}**`);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const alignment = headings(table, '').map((_, index) => (index <= table.changed.length ? '---' : '---:'));
  return [headings(table, ' (%)').map(markdownText), alignment, ...rows(table, scores, markdownText)].map(line).join('') + `\n${selectionNotes[selectionOf(table.selectedOn)]}\n`;
}

function latex(table: ComparedTable): string {
  const scores = percentages(table, (text) => `\\textbf{${text}}`);
  const line = (cells: readonly string[]) => `${cells.join(' & ')} \\\\\n`;
  const columns = `l${'l'.repeat(table.changed.length)}${'r'.repeat(table.scores.length)}`;
  return [
    '% needs \\usepackage{booktabs}\n',
    `\\begin{tabular}{${columns}}\n`,
    '\\toprule\n',
    line(headings(table, ' (%)').map(latexText)),
    '\\midrule\n',
    ...rows(table, scores, latexText).map(line),
    '\\bottomrule\n',
    '\\end{tabular}\n',
    `\\par\\smallskip{\\footnotesize ${selectionNotes[selectionOf(table.selectedOn)]}}\n`,
  ].join('');
}

function headings({ changed, scores }: ComparedTable, unit: string): string[] {
  return ['Run', ...changed.map(({ key }) => key), ...scores.map(({ target, metric }) => `${target} ${metric}${unit}`)];
}

/** One row for each run; `scores` holds the finished cells, score row by score row. */
function rows(table: ComparedTable, scores: readonly string[][], text: (value: string) => string): string[][] {
  return table.titles.map((title, run) => [
    text(title),
    ...table.changed.map(({ values }) => text(values[run] ?? '')),
    ...scores.map((cells) => cells[run] ?? ''),
  ]);
}

function percentages({ scores }: ComparedTable, mark: (text: string) => string): string[][] {
  return scores.map(({ values, best }) => values.map((value, run) => {
    if (value === undefined) return '';
    const text = (100 * value).toFixed(2);
    return best.includes(run) ? mark(text) : text;
  }));
}
