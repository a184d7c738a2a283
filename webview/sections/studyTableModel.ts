import type { StudyCell, StudyRow, StudyTable, StudyView } from '../../src/core/protocol.ts';
import { fixed, NONE } from '../../src/core/format.ts';
import {
  cellOf,
  headlineCell,
  hundredths,
  intervalText,
  metrics,
  missingSummary,
  scoreText,
  startable,
  whyNoStart,
  type Metric,
} from '../studyCells.ts';
import type { Cell, NoteButton, TableModel } from '../tables.ts';

/** A cell by the names of its row and column. */
export interface CellPlace {
  readonly row: string;
  readonly target: string;
  readonly metric: Metric;
}

/** What the table needs besides its own data. */
export interface StudyTableOptions {
  readonly view: Pick<StudyView, 'runs' | 'state' | 'trusted'>;
  /** The cell whose runs are listed below its row, and the element that lists them. */
  readonly open?: CellPlace;
  readonly runs: HTMLElement;
  onOpen(place: CellPlace): void;
  onRun(keys: readonly string[]): void;
}

/** What the figures and marks of a table mean; of italics and of the paper's columns only where the table has them. */
export function legendOf(table: StudyTable): string {
  return [
    'Test scores in percent: mean ± sample standard deviation over seeds (number of seeds). Bold: best of the column; ' +
      'underlined: second; ≈: the 95 % interval of the paired difference to the best contains 0, so that the order may be chance.',
    ...(table.rows.some(({ target }) => target !== table.targets[0])
      ? ['Italic: the score of a single branch, ranked in its own column.']
      : []),
    ...(publishedMetrics(table).length > 0 ? ['Paper: the published score; below it, how far ours is from it, in points.'] : []),
  ].join(' ');
}

/** The notes on the published numbers of a table, each once, in the order of their marks. */
export function paperNotes(table: StudyTable): string[] {
  return [...new Set(paperCells(table).flatMap(({ paper }) => paper?.notes ?? []))];
}

/** The model of a study's table: settings, then ACC and F1 of every target, then what the paper prints. */
export function studyTableModel(table: StudyTable, options: StudyTableOptions): TableModel {
  const published = publishedMetrics(table);
  const rows = table.rows.flatMap((row) => {
    const cells = rowCells(table, row, published, options);
    const own = { key: row.id, cells };
    if (options.open?.row !== row.id) return [own];
    const span = 1 + table.settings.length + table.targets.length * metrics.length + published.length;
    return [own, { key: `${row.id}\nruns`, cells: [{ text: '', span, class: 'runs', node: options.runs }] }];
  });
  return {
    caption: table.title,
    head: headOf(table, published),
    rows: rows.map(({ cells }) => cells),
    keys: rows.map(({ key }) => key),
  };
}

function headOf(table: StudyTable, published: readonly Metric[]): Cell[][] {
  const units = (names: readonly Metric[], target: string): Cell[] =>
    names.map((metric) => ({ text: metric, scope: 'col', data: { target, metric } }));
  return [
    [
      { text: table.id === 'methods' ? 'Method' : 'Setting', scope: 'col', rows: 2, class: 'name' },
      ...table.settings.map((text): Cell => ({ text, scope: 'col', rows: 2, class: 'setting' })),
      ...table.targets.map((text): Cell => ({ text, scope: 'colgroup', span: metrics.length })),
      ...(published.length > 0 ? [{ text: 'Paper', scope: 'colgroup' as const, span: published.length }] : []),
    ],
    [...table.targets.flatMap((target) => units(metrics, target)), ...units(published, 'paper')],
  ];
}

function rowCells(table: StudyTable, row: StudyRow, published: readonly Metric[], options: StudyTableOptions): Cell[] {
  const names: Cell[] = [
    { text: row.label, scope: 'row', class: 'name', data: { row: row.id } },
    ...table.settings.map((_, index): Cell => ({ text: row.settings[index] ?? '', class: 'setting' })),
  ];
  const papers = published.map((metric) => paperCell(headlineCell(table, row, metric), metric, row, paperNotes(table)));
  const [first] = row.cells;
  if (first && row.cells.every(({ values }) => values.length === 0))
    return [...names, missingCell(first, row, table, options), ...papers];
  const scores = table.targets.flatMap((target, column) =>
    metrics.map((metric): Cell => {
      const cell = column === 0 ? headlineCell(table, row, metric) : cellOf(row, target, metric);
      if (!cell) return { text: NONE, class: 'none', spoken: `(${row.label} has no ${target})` };
      return scoreCell(cell, row, { headline: column === 0 && metric === 'ACC', borrowed: cell.target !== target }, options);
    }),
  );
  return [...names, ...scores, ...papers];
}

/** One cell for a whole row without results: what its runs are doing, and a button that starts them. */
function missingCell({ missing }: StudyCell, row: StudyRow, table: StudyTable, options: StudyTableOptions): Cell {
  const text = missingSummary(missing, options.view.runs);
  return {
    text: '',
    span: table.targets.length * metrics.length,
    class: 'missing',
    data: { row: row.id },
    note: { text: text === '' ? 'no runs' : text, button: runButton(missing, row, options) },
  };
}

/**
 * `borrowed`: the score of a single branch in the first column, whose name is that of another target; its rank holds
 * in the column of its own.
 */
function scoreCell(
  cell: StudyCell,
  row: StudyRow,
  { headline, borrowed }: { readonly headline: boolean; readonly borrowed: boolean },
  options: StudyTableOptions,
): Cell {
  const { target, metric, values, missing } = cell;
  const place: CellPlace = { row: row.id, target, metric };
  const data = { row: row.id, target, metric };
  const partial = missing.length > 0;
  const seeds = `${values.length} of ${values.length + missing.length} seeds`;
  const note = partial
    ? {
        text: seeds,
        title: missingSummary(missing, options.view.runs),
        // The same runs are missing in all cells of the row: one button is enough.
        ...(headline ? { button: runButton(missing, row, options) } : {}),
      }
    : undefined;
  if (values.length === 0) return { text: '', class: 'missing', data, note };
  const rank = borrowed ? undefined : cell.rank;
  const tied = !borrowed && cell.tied === true;
  const said = [
    ...(rank === 'best' ? ['best of the column'] : rank === 'second' ? ['second of the column'] : []),
    ...(tied ? ['the order to the best may be chance'] : []),
    ...(borrowed ? [`score of ${target}`] : []),
  ];
  const { open } = options;
  return {
    text: `${scoreText(cell)}${tied ? ' ≈' : ''}`,
    class: ['score', rank ?? '', borrowed ? 'borrowed' : ''].filter((name) => name !== '').join(' '),
    data: { ...data, value: String(cell.mean) },
    title: [...said, intervalText(cell), ...(partial ? [missingSummary(missing, options.view.runs)] : [])].join('; '),
    ...(said.length > 0 ? { spoken: `(${said.join(', ')})` } : {}),
    expanded: open?.row === row.id && open.target === target && open.metric === metric,
    action: () => options.onOpen(place),
    note,
  };
}

function runButton(missing: StudyCell['missing'], row: StudyRow, options: StudyTableOptions): NoteButton | undefined {
  const keys = startable(missing);
  if (keys.length === 0) return undefined;
  return {
    label: 'Run',
    spoken: `Run ${keys.length} missing ${keys.length === 1 ? 'run' : 'runs'} of ${row.label}`,
    disabled: whyNoStart(options.view),
    press: () => options.onRun(keys),
  };
}

function paperCell(cell: StudyCell | undefined, metric: Metric, row: StudyRow, notes: readonly string[]): Cell {
  const data = { row: row.id, target: 'paper', metric };
  if (!cell?.paper) return { text: NONE, class: 'none', data };
  const { value, sd } = cell.paper;
  const marks = cell.paper.notes.map((note) => `[${notes.indexOf(note) + 1}]`).join('');
  return {
    text: `${hundredths(value)}${sd === undefined ? '' : ` ± ${hundredths(sd)}`}${marks === '' ? '' : ` ${marks}`}`,
    data: { ...data, value: String(value) },
    class: 'paper',
    title: cell.paper.notes.join(' '),
    ...(cell.mean === undefined
      ? {}
      : { note: { text: signedPoints(cell.mean - value), title: 'Here, minus the published value, in points' } }),
  };
}

/** A difference of shares in points, always with its sign unless it is zero as written. */
function signedPoints(difference: number): string {
  const text = fixed(Math.abs(difference) * 100, 2);
  return Number(text) === 0 ? text : `${difference < 0 ? '\u2212' : '+'}${text}`;
}

/** Metrics of which some row has a published score. */
function publishedMetrics(table: StudyTable): Metric[] {
  return metrics.filter((metric) => paperCells(table).some((cell) => cell.metric === metric && cell.paper));
}

function paperCells(table: StudyTable): StudyCell[] {
  return table.rows.flatMap((row) => metrics.flatMap((metric) => headlineCell(table, row, metric) ?? []));
}
