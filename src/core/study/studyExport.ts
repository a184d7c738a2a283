import { csvCell, latexText, markdownText } from '../escapeText.ts';
import type { TableFormat } from '../run/exportTable.ts';
import { metricDifference } from '../format.ts';
import type { Metric } from '../run/events.ts';
import { cellOf, headlineCell, headingOf, missingText, publishedMetrics, seedsText, spreadText, tableNotes } from './studyCells.ts';
import type { StudyCell, StudyRow, StudyTable } from './studyResults.ts';

/**
 * A table of results as text. CSV is long: one line for every row, target, metric and seed with the raw value, empty for
 * runs that are missing. Markdown and LaTeX (booktabs) have the layout of the table, and say below it what its marks mean,
 * what is missing and why, and on which split epochs were selected. All names are escaped.
 */
export function exportStudyTable(table: StudyTable, format: TableFormat): string {
  switch (format) {
    case 'csv': return csv(table);
    case 'markdown': return markdown(table);
    case 'latex': return latex(table);
  }
}

function csv(table: StudyTable): string {
  const head = ['table', 'row', 'label', ...table.settings, 'target', 'metric', 'seed', 'run', 'state', 'value', 'selectedOn'];
  const lines = table.rows.flatMap((row) => row.cells.flatMap(({ target, metric, values, missing }) => {
    const seeds = [
      ...values.map(({ seed, run, value }) => ({ seed, run, state: 'finished', value: String(value) })),
      ...missing.map(({ seed, run = '', state, diverged }) => ({ seed, run, state: diverged ? 'diverged' : state, value: '' })),
    ];
    return seeds.toSorted((a, b) => a.seed - b.seed).map(({ seed, run, state, value }) =>
      [table.id, row.id, row.label, ...settingsOf(table, row), target, metric, String(seed), run, state, value, table.selectedOn]);
  }));
  return [head, ...lines].map((cells) => `${cells.map(csvCell).join(',')}\n`).join('');
}

/** How a format writes what is not a name. */
export interface Style {
  text(text: string): string;
  best(score: string): string;
  second(score: string): string;
  /** A difference with its sign, e.g. `+0.31`; the minus sign is that of mathematics. */
  difference(signed: string): string;
  mark(numbers: string): string;
  readonly plusMinus: string;
  readonly tied: string;
}

const markdownStyle: Style = {
  text: markdownText,
  best: (score) => `**${score}**`,
  second: (score) => `<ins>${score}</ins>`,
  difference: (signed) => signed,
  mark: (numbers) => `<sup>${numbers}</sup>`,
  plusMinus: '±',
  tied: ' ≈',
};

const latexStyle: Style = {
  text: latexText,
  best: (score) => `\\textbf{${score}}`,
  second: (score) => `\\underline{${score}}`,
  difference: (signed) => `$${signed.replace('−', '-')}$`,
  mark: (numbers) => `\\tnote{${numbers}}`,
  plusMinus: '$\\pm$',
  tied: ' $\\approx$',
};

function markdown(table: StudyTable): string {
  const { names, groups, rows, notes } = layoutOf(table, markdownStyle);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`;
  const scores = groups.flatMap((group) => group.metrics.map((metric) => `${group.name} ${metric}`));
  return [
    line([...names, ...scores]),
    line([...names.map(() => '---'), ...scores.map(() => '---:')]),
    ...rows.map(line),
    '\n',
    ...notes.map(({ mark, text }) => `- ${mark === undefined ? '' : `${markdownStyle.mark(mark)} `}${text}\n`),
  ].join('');
}

function latex(table: StudyTable): string {
  const { names, groups, rows, notes } = layoutOf(table, latexStyle);
  const line = (cells: readonly string[]) => `${cells.join(' & ')} \\\\\n`;
  const scores = groups.flatMap((group) => group.metrics);
  let column = names.length;
  const rules = groups.map((group) => {
    const first = column + 1;
    column += group.metrics.length;
    return `\\cmidrule(lr){${first}-${column}}`;
  });
  const body = [
    `\\begin{tabular}{${'l'.repeat(names.length)}${'c'.repeat(scores.length)}}\n`,
    '\\toprule\n',
    line([...names.map(() => ''), ...groups.map((group) => `\\multicolumn{${group.metrics.length}}{c}{${group.name}}`)]),
    `${rules.join(' ')}\n`,
    line([...names, ...scores]),
    '\\midrule\n',
    ...rows.map(line),
    '\\bottomrule\n',
    '\\end{tabular}\n',
    '\\begin{tablenotes}[flushleft]\\footnotesize\n',
    ...notes.map(({ mark, text }) => `\\item${mark === undefined ? '' : `[${mark}]`} ${text}\n`),
    '\\end{tablenotes}\n',
  ].join('');
  const packages = ['booktabs', 'threeparttable', ...(body.includes('\\checkmark') ? ['amssymb'] : [])];
  return `% needs \\usepackage{${packages.join(',')}}\n\\begin{threeparttable}\n${body}\\end{threeparttable}\n`;
}

/** What Markdown and LaTeX have in common; all texts are ready to be written. */
export interface Layout {
  /** Headings of the columns before the scores. */
  readonly names: readonly string[];
  readonly groups: readonly { readonly name: string; readonly metrics: readonly string[] }[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly { readonly mark?: string; readonly text: string }[];
}

/** Headings, rows and notes of a table in a style; the texts are ready to be written. */
export function layoutOf(table: StudyTable, style: Style): Layout {
  const published = publishedMetrics(table);
  const footnotes: string[] = [];
  const marks = (texts: readonly string[]): string => {
    for (const text of texts) if (!footnotes.includes(text)) footnotes.push(text);
    return texts.length === 0 ? '' : style.mark(texts.map((text) => footnotes.indexOf(text) + 1).join(','));
  };
  const rows = table.rows.map((row) => [
    style.text(row.label) + marks(whatIsMissing(row)),
    ...settingsOf(table, row).map(style.text),
    ...table.targets.flatMap((target, column) => table.metrics.map((metric) => {
      const own = cellOf(row, target, metric.id);
      if (own) return scoreText(own, metric, style);
      // The branch that the row stands for; its rank holds in its own column.
      const branch = column === 0 ? cellOf(row, row.target, metric.id) : undefined;
      return branch ? scoreText({ ...branch, rank: undefined, tied: undefined }, metric, style) : '';
    })),
    ...published.map((metric) => {
      const cell = headlineCell(table, row, metric.id);
      return cell?.paper ? paperText(cell, cell.paper, metric, style) + marks(cell.paper.notes) : '';
    }),
  ]);
  const heading = (metric: Metric): string => style.text(headingOf(metric, table));
  return {
    names: [table.id === 'methods' ? 'Method' : 'Setting', ...table.settings].map(style.text),
    groups: [
      ...table.targets.map((target) => ({ name: style.text(target), metrics: table.metrics.map(heading) })),
      ...(published.length > 0 ? [{ name: 'Paper', metrics: published.map(heading) }] : []),
    ],
    rows,
    notes: [
      ...tableNotes(table, branchNote).map((text) => ({ text: style.text(text) })),
      ...footnotes.map((text, index) => ({ mark: String(index + 1), text: style.text(text) })),
    ],
  };
}

function branchNote(headline: string): string {
  return `Rows of a single branch have its score below ${headline} too; it is ranked in its own column only.`;
}

function settingsOf({ settings }: StudyTable, row: StudyRow): string[] {
  return settings.map((_, index) => row.settings[index] ?? '');
}

function scoreText({ mean, sd, values, rank, tied }: StudyCell, metric: Metric, style: Style): string {
  if (mean === undefined) return '–';
  const score = spreadText(mean, sd, metric, style.plusMinus);
  const ranked = rank === 'best' ? style.best(score) : rank === 'second' ? style.second(score) : score;
  return `${ranked} (${values.length})${tied ? style.tied : ''}`;
}

function paperText({ mean }: StudyCell, paper: NonNullable<StudyCell['paper']>, metric: Metric, style: Style): string {
  const score = spreadText(paper.value, paper.sd, metric, style.plusMinus);
  return mean === undefined ? score : `${score} (${style.difference(metricDifference(mean - paper.value, metric))})`;
}

/** Which seeds of a row have no score, and why. */
function whatIsMissing({ cells, target }: StudyRow): string[] {
  const missing = (cells.find((cell) => cell.target === target) ?? cells[0])?.missing ?? [];
  if (missing.length === 0) return [];
  const seeds = new Map<string, number[]>();
  for (const run of missing) seeds.set(missingText(run), [...seeds.get(missingText(run)) ?? [], run.seed]);
  return [`Missing: ${[...seeds].map(([reason, of]) => `${seedsText(of)} (${reason})`).join('; ')}.`];
}
