import { metricNumber, unitOf } from '../format.ts';
import type { Metric } from '../run/events.ts';
import { selectionNotes } from '../run/selection.ts';
import type { MissingRun, RunCounts, StudyCell, StudyRow, StudyTable } from './studyResults.ts';

/** The cell of a target in a row; undefined where the row does not have the target, e.g. fusion in a single branch. */
export function cellOf(row: StudyRow, target: string, metric: string): StudyCell | undefined {
  return row.cells.find((cell) => cell.target === target && cell.metric === metric);
}

/** The score that stands for a row: of the table's first target or, in the row of a single branch, of its own. */
export function headlineCell(table: StudyTable, row: StudyRow, metric: string): StudyCell | undefined {
  const [headline] = table.targets;
  return (headline === undefined ? undefined : cellOf(row, headline, metric)) ?? cellOf(row, row.target, metric);
}

/** The metrics of which some row has a published score. */
export function publishedMetrics(table: StudyTable): Metric[] {
  return table.metrics.filter(({ id }) => table.rows.some((row) => headlineCell(table, row, id)?.paper));
}

/** A score with its spread, in the digits of the metric and without its unit: `97.12 ± 0.35`. */
export function spreadText(mean: number, sd: number | undefined, metric: Metric, plusMinus = '±'): string {
  return sd === undefined ? metricNumber(mean, metric) : `${metricNumber(mean, metric)} ${plusMinus} ${metricNumber(sd, metric)}`;
}

/** The heading of a metric's column: with its unit, unless the table is all in percent and says so below. */
export function headingOf(metric: Metric, { metrics }: Pick<StudyTable, 'metrics'>): string {
  const unit = metrics.every(({ format, unit: own }) => format === 'percent' && own === undefined) ? '' : unitOf(metric);
  return unit === '' ? metric.label : `${metric.label} (${unit})`;
}

/** Why a run has no score: `not started`, `diverged: reason`. */
export function missingText({ state, diverged, message }: MissingRun, reason = message): string {
  const word = diverged ? 'diverged' : state === 'missing' ? 'not started' : state;
  return reason === undefined ? word : `${word}: ${reason.replace(/\.$/, '')}`;
}

/** `seed 2`, `seeds 0, 1`. */
export function seedsText(seeds: readonly number[]): string {
  return `seed${seeds.length === 1 ? '' : 's'} ${seeds.join(', ')}`;
}

/** Where the runs of a table are, in one sentence; undefined if all are finished. */
export function countsText({ planned, finished, diverged, failed, unscored, missing }: RunCounts): string | undefined {
  if (finished === planned) return undefined;
  const parts = [[diverged, 'diverged'], [failed, 'failed'], [unscored, 'finished without a score'], [missing, 'missing']] as const;
  return `${finished} of ${planned} runs finished; ${parts.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`).join(', ')}.`;
}

/** What holds for a whole table, one sentence each; `branches` says how the scores of single branches in other columns are marked. */
export function tableNotes(table: StudyTable, branches: (headline: string) => string): string[] {
  const { rows, targets: [headline = ''], metrics, selectedOn, paperNote, counts } = table;
  const lower = metrics.filter(({ better }) => better === 'lower').map(({ label }) => label);
  const percent = metrics.every(({ format, unit }) => format === 'percent' && unit === undefined);
  const runs = countsText(counts);
  return [
    `Test scores${percent ? ' in percent' : ''}: mean ± sample standard deviation over seeds (number of seeds); `
      + 'bold: best of the column, underlined: second, among the rows with two seeds or more.',
    ...(lower.length > 0 ? [`Lower is better: ${lower.join(', ')}.`] : []),
    ...(rows.some(({ cells }) => cells.some(({ tied }) => tied))
      ? ["≈: may be the best of the column, too, with 95 % confidence (Hsu's multiple comparisons with the best over paired seeds, Bonferroni)."]
      : []),
    ...(rows.some(({ target }) => target !== headline) ? [branches(headline)] : []),
    ...(runs === undefined ? [] : [runs]),
    selectionNotes[selectedOn],
    ...(publishedMetrics(table).length > 0 ? ['Paper: the published score (ours minus the published one).'] : []),
    ...(paperNote === undefined ? [] : [paperNote]),
  ];
}

/** How far the mean of a cell is known. */
export function intervalText({ interval, values }: StudyCell, metric: Metric): string {
  return interval
    ? `95 % confidence interval ${metricNumber(interval[0], metric)} to ${metricNumber(interval[1], metric)} (n = ${values.length})`
    : 'one seed: no confidence interval';
}
