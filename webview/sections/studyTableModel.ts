import { metricDifference, NONE } from '../../src/core/format.ts';
import type { Metric, StudyCell, StudyRow, StudyTable, StudyView } from '../../src/core/protocol.ts';
import { cellOf, headingOf, headlineCell, intervalText, publishedMetrics, spreadText, tableNotes } from '../../src/core/study/studyCells.ts';
import { missingSummary, startable, whyNoStart } from '../studyCells.ts';
import type { Cell, NoteButton, TableModel } from '../tables.ts';

/** A cell by the names of its row and column. */
export interface CellPlace {
  readonly row: string;
  readonly target: string;
  /** Id of the metric. */
  readonly metric: string;
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

/** What the figures and marks of a table mean, as far as the table has them. */
export function legendOf(table: StudyTable): string {
  return tableNotes({ ...table, paperNote: undefined }, () => 'Italic: the score of a single branch, ranked in its own column.').join(' ');
}

/** The notes on the published numbers of a table, each once, in the order of their marks. */
export function paperNotes(table: StudyTable): string[] {
  return [...new Set(paperCells(table).flatMap(({ paper }) => paper?.notes ?? []))];
}

/** The model of a study's table: settings, then the metrics of every target, then what the paper prints. */
export function studyTableModel(table: StudyTable, options: StudyTableOptions): TableModel {
  const published = publishedMetrics(table);
  const rows = table.rows.flatMap((row) => {
    const cells = rowCells(table, row, published, options);
    const own = { key: row.id, cells };
    if (options.open?.row !== row.id) return [own];
    const span = 1 + table.settings.length + table.targets.length * table.metrics.length + published.length;
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
    names.map((metric) => ({ text: headingOf(metric, table), scope: 'col', data: { target, metric: metric.id } }));
  return [
    [
      { text: table.id === 'methods' ? 'Method' : 'Setting', scope: 'col', rows: 2, class: 'name' },
      ...table.settings.map((text): Cell => ({ text, scope: 'col', rows: 2, class: 'setting' })),
      ...table.targets.map((text): Cell => ({ text, scope: 'colgroup', span: table.metrics.length })),
      ...(published.length > 0 ? [{ text: 'Paper', scope: 'colgroup' as const, span: published.length }] : []),
    ],
    [...table.targets.flatMap((target) => units(table.metrics, target)), ...units(published, 'paper')],
  ];
}

function rowCells(table: StudyTable, row: StudyRow, published: readonly Metric[], options: StudyTableOptions): Cell[] {
  const names: Cell[] = [
    { text: row.label, scope: 'row', class: 'name', data: { row: row.id } },
    ...table.settings.map((_, index): Cell => ({ text: row.settings[index] ?? '', class: 'setting' })),
  ];
  const papers = published.map((metric) => paperCell(headlineCell(table, row, metric.id), metric, row, paperNotes(table)));
  const [first] = row.cells;
  if (first && row.cells.every(({ values }) => values.length === 0))
    return [...names, missingCell(first, row, table, options), ...papers];
  const scores = table.targets.flatMap((target, column) =>
    table.metrics.map((metric, index): Cell => {
      const cell = column === 0 ? headlineCell(table, row, metric.id) : cellOf(row, target, metric.id);
      if (!cell) return { text: NONE, class: 'none', spoken: `(${row.label} has no ${target})` };
      return scoreCell(cell, row, metric, { headline: column === 0 && index === 0, borrowed: cell.target !== target }, options);
    }),
  );
  return [...names, ...scores, ...papers];
}

/** One cell for a whole row without results: what its runs are doing, and a button that starts them. */
function missingCell({ missing }: StudyCell, row: StudyRow, table: StudyTable, options: StudyTableOptions): Cell {
  const text = missingSummary(missing, options.view.runs);
  return {
    text: '',
    span: table.targets.length * table.metrics.length,
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
  shown: Metric,
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
    ...(tied ? ['may be the best, too'] : []),
    ...(borrowed ? [`score of ${target}`] : []),
  ];
  const { open } = options;
  return {
    text: `${scoreText(cell, shown)}${tied ? ' ≈' : ''}`,
    class: ['score', rank ?? '', borrowed ? 'borrowed' : ''].filter((name) => name !== '').join(' '),
    data: { ...data, value: String(cell.mean) },
    title: [...said, intervalText(cell, shown), ...(partial ? [missingSummary(missing, options.view.runs)] : [])].join('; '),
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
  const data = { row: row.id, target: 'paper', metric: metric.id };
  if (!cell?.paper) return { text: NONE, class: 'none', data };
  const { value, sd } = cell.paper;
  const marks = cell.paper.notes.map((note) => `[${notes.indexOf(note) + 1}]`).join('');
  return {
    text: `${spreadText(value, sd, metric)}${marks === '' ? '' : ` ${marks}`}`,
    data: { ...data, value: String(value) },
    class: 'paper',
    title: cell.paper.notes.join(' '),
    ...(cell.mean === undefined
      ? {}
      : { note: { text: metricDifference(cell.mean - value, metric), title: 'Here, minus the published value' } }),
  };
}

/** Mean, sample standard deviation (with several seeds only) and number of seeds: `97.12 ± 0.35 (3)`. */
function scoreText({ mean, sd, values }: StudyCell, metric: Metric): string {
  return mean === undefined ? NONE : `${spreadText(mean, sd, metric)} (${values.length})`;
}

function paperCells(table: StudyTable): StudyCell[] {
  return table.rows.flatMap((row) => table.metrics.flatMap(({ id }) => headlineCell(table, row, id) ?? []));
}
