import type { Catalog } from '../config/catalog.ts';
import type { Metric } from '../run/events.ts';
import { commonMetrics, testScore } from '../run/metrics.ts';
import { FUSION } from '../run/targets.ts';
import { selectionOf } from '../run/selection.ts';
import { addPaper } from './studyPaper.ts';
import type { PlannedRow, PlannedTable, StudyPlan } from './studyPlan.ts';
import { compareRows, rankColumns } from './studyRanks.ts';
import type { MissingRun, RowRuns, RunCounts, SeedRun, StudyCell, StudyRow, StudyRun, StudyRuns, StudyTable } from './studyResults.ts';
import { summarise } from './statistics.ts';

/**
 * The tables of a study: test scores of its finished runs over seeds, ranked, compared, and beside the paper's. The catalogue knows the
 * defaults of methods and datasets, which the paper's protocol is.
 */
export function studyTables(plan: StudyPlan, runs: StudyRuns, catalog: Pick<Catalog, 'methods' | 'datasets'>): StudyTable[] {
  const configs = new Map(plan.runs.map(({ key, config }) => [key, config]));
  return plan.tables.map((table) => studyTable(table, table.rows.map((row) => ({
    row,
    seeds: row.runs.map(({ seed, key }): SeedRun => ({ seed, key, config: configs.get(key)!, found: runs.get(key) })),
  })), catalog));
}

function studyTable({ id, title, settings }: PlannedTable, planned: readonly RowRuns[], catalog: Pick<Catalog, 'methods' | 'datasets'>): StudyTable {
  const possible = possibleTargets(planned);
  const metrics = commonMetrics(planned.flatMap(({ seeds }) => seeds.flatMap(({ found }) => (found ? [found.run] : []))));
  const scored = rankColumns(planned.map((each) => studyRow(each, possible, metrics)), metrics);
  const [headline = FUSION, ...others] = possible;
  const targets = [headline, ...others.filter((target) => scored.some(({ cells }) => cells.some((cell) => cell.target === target)))];
  const { rows, paperNote } = addPaper(id, scored, planned, catalog);
  return {
    id, title, settings, metrics, targets, rows,
    ...compareRows(rows.filter(({ target }) => target === headline), metrics[0]!),
    counts: countRuns(rows, planned),
    ...(paperNote === undefined ? {} : { paperNote }),
    selectedOn: selectionOf(planned.flatMap(({ seeds }) => seeds.map(({ found }) => found?.run.selectedOn))),
  };
}

/** The headline, then the modalities in the order of the datasets, then what only the plan names. */
function possibleTargets(planned: readonly RowRuns[]): string[] {
  const own = [...new Set(planned.map(({ row }) => targetOf(row)))];
  const headline = own.length === 1 ? own[0]! : FUSION;
  const modalities = planned.flatMap(({ seeds }) =>
    seeds.flatMap(({ found }) => found?.run.started?.dataset.modalities.map((modality) => modality.id) ?? []));
  return [...new Set([headline, ...modalities, ...own])];
}

function targetOf(row: PlannedRow): string {
  return row.target ?? FUSION;
}

function studyRow({ row, seeds }: RowRuns, possible: readonly string[], metrics: readonly Metric[]): StudyRow {
  const finished = seeds.flatMap(({ found }) => (found?.state === 'finished' ? [found] : []));
  // What its finished runs do not score (the fusion of branches that are trained alone) is not missing: the row has no such cell.
  const targets = possible.filter((target) => (row.target === undefined
    ? finished.length === 0 || finished.some(({ run }) => run.test?.[target] !== undefined) || (target === FUSION && !finished.every(trainsBranches))
    : target === row.target));
  const seconds = finished.map((found) => trainedSeconds(found, row.target));
  return {
    id: row.id,
    label: row.label,
    settings: row.settings,
    target: targetOf(row),
    cells: targets.flatMap((target) => metrics.map((metric) => studyCell(seeds, target, metric))),
    runs: seeds.flatMap(({ found }) => found?.id ?? []),
    ...(seconds.length > 0 ? { seconds: summarise(seconds).mean } : {}),
  };
}

/** Whether the run is of branches alone by plan: all its stages are unimodal, so that it has nothing to fuse. */
function trainsBranches({ run }: StudyRun): boolean {
  return run.stages.every(({ id }) => id.startsWith('unimodal:'));
}

function studyCell(seeds: readonly SeedRun[], target: string, metric: Metric): StudyCell {
  const scored = seeds.map((each) => ({ ...each, value: each.found?.state === 'finished' ? testScore(each.found.run, target, metric) : undefined }));
  const values = scored.flatMap(({ seed, found, value }) =>
    (found && value !== undefined && Number.isFinite(value) ? [{ seed, run: found.id, value }] : []));
  const missing = scored.filter(({ value }) => value === undefined || !Number.isFinite(value)).map((each) => missingRun(each, target, metric));
  const cell = { target, metric: metric.id, values, missing };
  if (values.length === 0) return cell;
  const { n: _, ...summary } = summarise(values.map(({ value }) => value));
  return { ...cell, ...summary };
}

function missingRun({ seed, key, found, value }: SeedRun & { readonly value?: number | undefined }, target: string, metric: Metric): MissingRun {
  if (!found) return { seed, key, state: 'missing' };
  const known = { seed, key, run: found.id, state: found.state };
  if (value !== undefined) return { ...known, diverged: true, message: `Its ${metric.label} of ${target} is no finite number.` };
  if (found.state === 'finished') return { ...known, message: `It ended without a score of ${target} (${metric.label}).` };
  const error = found.run.ended?.error;
  return { ...known, ...(error?.diverged ? { diverged: true as const } : {}), ...(error === undefined ? {} : { message: error.message }) };
}

/** Where the distinct runs of a table are. */
function countRuns(rows: readonly StudyRow[], planned: readonly RowRuns[]): RunCounts {
  const keys = new Set(planned.flatMap(({ seeds }) => seeds.map(({ key }) => key)));
  const missing = new Map(rows.flatMap(({ cells, target }) =>
    (cells.find((cell) => cell.target === target) ?? cells[0])?.missing.map((run) => [run.key, run] as const) ?? []));
  const count = (is: (run: MissingRun) => boolean): number => [...missing.values()].filter(is).length;
  const diverged = count((run) => run.diverged === true);
  const failed = count((run) => run.state === 'failed' && !run.diverged);
  const unscored = count((run) => run.state === 'finished' && !run.diverged);
  return { planned: keys.size, finished: keys.size - missing.size, diverged, failed, unscored, missing: missing.size - diverged - failed - unscored };
}

/** Seconds of all epochs; with `target`, of the stages that train this modality. */
function trainedSeconds({ run }: StudyRun, target: string | undefined): number {
  return run.stages
    .filter((stage) => target === undefined || stage.trains.includes(target))
    .flatMap((stage) => stage.epochs)
    .reduce((sum, epoch) => sum + epoch.seconds, 0);
}
