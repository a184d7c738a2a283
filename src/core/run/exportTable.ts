import { metricNumber, unitOf } from '../format.ts';
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
 * The comparison as text: CSV with raw values (for other programs), Markdown and LaTeX (booktabs) in the units of the metrics
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
  const scores = table.scores.map(({ values }) => values.map((value) => (value === null ? '' : String(value))));
  return [[...headings(table, false), 'selectedOn'], ...rows(table, scores, (text) => text).map((cells, run) => [...cells, table.selectedOn[run] ?? ''])]
    .map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
}

function markdown(table: ComparedTable): string {
  const scores = written(table, (text) => `**${text}**`);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const alignment = headings(table, false).map((_, index) => (index <= table.changed.length ? '---' : '---:'));
  return [headings(table, true).map(markdownText), alignment, ...rows(table, scores, markdownText)].map(line).join('') + `\n${markdownText(footnote(table))}\n`;
}

function latex(table: ComparedTable): string {
  const scores = written(table, (text) => `\\textbf{${text}}`);
  const line = (cells: readonly string[]) => `${cells.join(' & ')} \\\\\n`;
  const columns = `l${'l'.repeat(table.changed.length)}${'r'.repeat(table.scores.length)}`;
  return [
    '% needs \\usepackage{booktabs}\n',
    `\\begin{tabular}{${columns}}\n`,
    '\\toprule\n',
    line(headings(table, true).map(latexText)),
    '\\midrule\n',
    ...rows(table, scores, latexText).map(line),
    '\\bottomrule\n',
    '\\end{tabular}\n',
    `\\par\\smallskip{\\footnotesize ${latexText(footnote(table))}}\n`,
  ].join('');
}

/** The headings; `units` where the scores below are written in the unit of their metric and not raw. */
function headings({ changed, scores }: ComparedTable, units: boolean): string[] {
  const score = ({ target, metric }: ScoreRow): string => {
    const unit = units ? unitOf(metric) : '';
    return `${target} ${metric.label}${unit === '' ? '' : ` (${unit})`}`;
  };
  return ['Run', ...changed.map(({ key }) => key), ...scores.map(score)];
}

/** One row for each run; `scores` holds the finished cells, score row by score row. */
function rows(table: ComparedTable, scores: readonly string[][], text: (value: string) => string): string[][] {
  return table.titles.map((title, run) => [
    text(title),
    ...table.changed.map(({ values }) => text(values[run] ?? '')),
    ...scores.map((cells) => cells[run] ?? ''),
  ]);
}

function written({ scores }: ComparedTable, mark: (text: string) => string): string[][] {
  return scores.map(({ metric, values, best }) => values.map((value, run) => {
    if (value === null) return '';
    const text = metricNumber(value, metric);
    return best.includes(run) ? mark(text) : text;
  }));
}

/** On which split epochs were selected, and which metrics are better the lower they are. */
function footnote({ scores, selectedOn }: ComparedTable): string {
  const lower = [...new Set(scores.filter(({ metric }) => metric.better === 'lower').map(({ metric }) => metric.label))];
  return `${selectionNotes[selectionOf(selectedOn)]}${lower.length > 0 ? ` Lower is better: ${lower.join(', ')}.` : ''}`;
}
