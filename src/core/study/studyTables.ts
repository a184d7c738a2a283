import { scoreOf } from '../run/metrics.ts';
import { FUSION } from '../run/targets.ts';
import { selectionOf } from '../run/selection.ts';
import { addPaper } from './studyPaper.ts';
import type { PlannedRow, PlannedTable, StudyPlan } from './studyPlan.ts';
import { compareRows, rankColumns } from './studyRanks.ts';
import type { MissingRun, RowRuns, SeedRun, StudyCell, StudyRow, StudyRun, StudyRuns, StudyTable } from './studyResults.ts';
import { summarise } from './statistics.ts';

/** The tables of a study: test scores of its finished runs over seeds, ranked, compared, and beside the paper's. */
export function studyTables(plan: StudyPlan, runs: StudyRuns): StudyTable[] {
  const configs = new Map(plan.runs.map(({ key, config }) => [key, config]));
  return plan.tables.map((table) => studyTable(table, table.rows.map((row) => ({
    row,
    seeds: row.runs.map(({ seed, key }): SeedRun => ({ seed, key, config: configs.get(key)!, found: runs.get(key) })),
  }))));
}

function studyTable({ id, title, settings }: PlannedTable, planned: readonly RowRuns[]): StudyTable {
  const possible = possibleTargets(planned);
  const scored = rankColumns(planned.map((each) => studyRow(each, possible)));
  const [headline = FUSION, ...others] = possible;
  const targets = [headline, ...others.filter((target) => scored.some(({ cells }) => cells.some((cell) => cell.target === target)))];
  const { rows, paperNote } = addPaper(id, scored, planned);
  return {
    id, title, settings, targets, rows,
    comparisons: compareRows(rows.filter(({ target }) => target === headline)),
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

function studyRow({ row, seeds }: RowRuns, possible: readonly string[]): StudyRow {
  const finished = seeds.flatMap(({ found }) => (found?.state === 'finished' ? [found] : []));
  // What its finished runs did not score (the fusion of branches trained alone) is not missing: the row has no such cell.
  const targets = possible.filter((target) => (row.target === undefined
    ? finished.length === 0 || finished.some(({ run }) => run.test?.[target] !== undefined)
    : target === row.target));
  const seconds = finished.map((found) => trainedSeconds(found, row.target));
  return {
    id: row.id,
    label: row.label,
    settings: row.settings,
    target: targetOf(row),
    cells: targets.flatMap((target) => [studyCell(seeds, target, 'ACC'), studyCell(seeds, target, 'F1')]),
    runs: seeds.flatMap(({ found }) => found?.id ?? []),
    ...(seconds.length > 0 ? { seconds: summarise(seconds).mean } : {}),
  };
}

function studyCell(seeds: readonly SeedRun[], target: string, metric: StudyCell['metric']): StudyCell {
  const values = seeds.flatMap(({ seed, found }) => {
    const value = found?.state === 'finished' ? scoreOf(found.run.test?.[target], metric === 'ACC' ? 'accuracy' : 'f1') : undefined;
    return found && value !== undefined ? [{ seed, run: found.id, value }] : [];
  });
  const missing = seeds.filter(({ found }) => found?.state !== 'finished').map(missingRun);
  const cell = { target, metric, values, missing };
  if (values.length === 0) return cell;
  const { n: _, ...summary } = summarise(values.map(({ value }) => value));
  return { ...cell, ...summary };
}

function missingRun({ seed, key, found }: SeedRun): MissingRun {
  if (!found) return { seed, key, state: 'missing' };
  const message = found.run.ended?.error?.message;
  return { seed, key, run: found.id, state: found.state, ...(message === undefined ? {} : { message }) };
}

/** Seconds of all epochs; with `target`, of the stages that train this modality. */
function trainedSeconds({ run }: StudyRun, target: string | undefined): number {
  return run.stages
    .filter((stage) => target === undefined || stage.trains.includes(target))
    .flatMap((stage) => stage.epochs)
    .reduce((sum, epoch) => sum + epoch.seconds, 0);
}
