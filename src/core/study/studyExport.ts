import { csvCell, latexText, markdownText } from '../escapeText.ts';
import type { TableFormat } from '../run/exportTable.ts';
import { selectionNotes } from '../run/selection.ts';
import type { MissingRun, StudyCell, StudyRow, StudyTable } from './studyResults.ts';

const metrics = ['ACC', 'F1'] as const;
type Metric = (typeof metrics)[number];

/**
 * A table of results as text. CSV is long: one line for every row, target, metric and seed with the raw share, empty for
 * runs that are missing. Markdown and LaTeX (booktabs) have the layout of the table in percent, and say below it what its
 * marks mean, what is missing and why, and on which split epochs were selected. All names are escaped.
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
      ...missing.map(({ seed, run = '', state }) => ({ seed, run, state, value: '' })),
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
  /** A difference in points with its sign, e.g. `+0.31`. */
  difference(signed: string): string;
  mark(numbers: string): string;
  readonly plusMinus: string;
  readonly tied: string;
}

const markdownStyle: Style = {
  text: markdownText,
  best: (score) => `**${score}**`,
  second: (score) => `<ins>${score}</ins>`,
  difference: (signed) => signed.replace('-', '−'),
  mark: (numbers) => `<sup>${numbers}</sup>`,
  plusMinus: '±',
  tied: ' ≈',
};

const latexStyle: Style = {
  text: latexText,
  best: (score) => `\\textbf{${score}}`,
  second: (score) => `\\underline{${score}}`,
  difference: (signed) => `$${signed}$`,
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
  readonly groups: readonly { readonly name: string; readonly metrics: readonly Metric[] }[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly { readonly mark?: string; readonly text: string }[];
}

/** Headings, rows and notes of a table in a style; the texts are ready to be written. */
export function layoutOf(table: StudyTable, style: Style): Layout {
  const published = metrics.filter((metric) => table.rows.some((row) => cellOf(row, row.target, metric)?.paper));
  const footnotes: string[] = [];
  const marks = (texts: readonly string[]): string => {
    for (const text of texts) if (!footnotes.includes(text)) footnotes.push(text);
    return texts.length === 0 ? '' : style.mark(texts.map((text) => footnotes.indexOf(text) + 1).join(','));
  };
  const rows = table.rows.map((row) => [
    style.text(row.label) + marks(whatIsMissing(row)),
    ...settingsOf(table, row).map(style.text),
    ...table.targets.flatMap((target, column) => metrics.map((metric) => {
      const own = cellOf(row, target, metric);
      if (own) return scoreText(own, style);
      // The branch that the row stands for; its rank holds in its own column.
      const branch = column === 0 ? cellOf(row, row.target, metric) : undefined;
      return branch ? scoreText({ ...branch, rank: undefined, tied: undefined }, style) : '';
    })),
    ...published.map((metric) => {
      const cell = cellOf(row, row.target, metric);
      return cell?.paper ? paperText(cell, cell.paper, style) + marks(cell.paper.notes) : '';
    }),
  ]);
  return {
    names: [table.id === 'methods' ? 'Method' : 'Setting', ...table.settings].map(style.text),
    groups: [
      ...table.targets.map((target) => ({ name: style.text(target), metrics })),
      ...(published.length > 0 ? [{ name: 'Paper', metrics: published }] : []),
    ],
    rows,
    notes: [
      ...generalNotes(table, published.length > 0).map((text) => ({ text: style.text(text) })),
      ...footnotes.map((text, index) => ({ mark: String(index + 1), text: style.text(text) })),
    ],
  };
}

function cellOf(row: StudyRow, target: string, metric: Metric): StudyCell | undefined {
  return row.cells.find((cell) => cell.target === target && cell.metric === metric);
}

function settingsOf({ settings }: StudyTable, row: StudyRow): string[] {
  return settings.map((_, index) => row.settings[index] ?? '');
}

function scoreText({ mean, sd, values, rank, tied }: StudyCell, style: Style): string {
  if (mean === undefined) return '–';
  const score = spread(mean, sd, style);
  const ranked = rank === 'best' ? style.best(score) : rank === 'second' ? style.second(score) : score;
  return `${ranked} (${values.length})${tied ? style.tied : ''}`;
}

function paperText({ mean }: StudyCell, paper: NonNullable<StudyCell['paper']>, style: Style): string {
  const score = spread(paper.value, paper.sd, style);
  if (mean === undefined) return score;
  const points = hundredths(mean - paper.value);
  return `${score} (${style.difference(Number(points) > 0 ? `+${points}` : points.replace(/^-(?=0\.00$)/, ''))})`;
}

function spread(mean: number, sd: number | undefined, style: Style): string {
  return sd === undefined ? hundredths(mean) : `${hundredths(mean)} ${style.plusMinus} ${hundredths(sd)}`;
}

function hundredths(share: number): string {
  return (100 * share).toFixed(2);
}

/** What holds for the whole table. */
function generalNotes({ rows, targets, selectedOn, paperNote }: StudyTable, published: boolean): string[] {
  const cells = rows.flatMap((row) => row.cells);
  return [
    'Test scores in percent: mean ± sample standard deviation over seeds (number of seeds); bold: best of the column, underlined: second.',
    ...(cells.some(({ tied }) => tied)
      ? ['≈: the 95 % interval of the paired difference to the best contains 0, so that the order may be chance.']
      : []),
    ...(rows.some(({ target }) => target !== targets[0])
      ? [`Rows of a single branch have its score below ${targets[0]} too; it is ranked in its own column only.`]
      : []),
    selectionNotes[selectedOn],
    ...(published ? ['Paper: the published score (ours minus the published one, in points).'] : []),
    ...(paperNote === undefined ? [] : [paperNote]),
  ];
}

/** Which seeds of a row have no score, and why; the cells of a row are all made of the same runs. */
function whatIsMissing({ cells }: StudyRow): string[] {
  const missing = cells[0]?.missing ?? [];
  if (missing.length === 0) return [];
  const seeds = new Map<string, number[]>();
  for (const run of missing) seeds.set(reasonOf(run), [...seeds.get(reasonOf(run)) ?? [], run.seed]);
  const parts = [...seeds].map(([reason, of]) => `seed${of.length > 1 ? 's' : ''} ${of.join(', ')} (${reason})`);
  return [`Missing: ${parts.join('; ')}.`];
}

function reasonOf({ state, message }: MissingRun): string {
  return `${state === 'missing' ? 'not started' : state}${message === undefined ? '' : `: ${message.replace(/\.$/, '')}`}`;
}
