import { alphaOf } from '../run/alpha.ts';
import type { EpochEvent, Metric } from '../run/events.ts';
import { commonMetrics, scoreOf } from '../run/metrics.ts';
import { FUSION } from '../run/targets.ts';
import type { Run } from '../run/run.ts';
import { summarise } from './statistics.ts';
import type { PlannedRow, StudyPlan, StudyTableId } from './studyPlan.ts';
import type { StudyRuns } from './studyResults.ts';

/** One point of a curve over seeds: mean, and the sample standard deviation on both sides where n > 1. */
export interface BandPoint {
  /** From 1; what is counted depends on the curve. */
  readonly epoch: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/** Curves of one row of a study's table, over its seeds. */
export interface StudyCurves {
  readonly table: StudyTableId;
  readonly row: string;
  readonly label: string;
  readonly metric: Metric;
  /**
   * Headline metric of the row's target on validation by epoch of the whole run. Epochs of stages that do not evaluate the
   * target count, but have no point. The row of a single branch counts the epochs of its own stage only.
   */
  readonly scores: readonly BandPoint[];
  /**
   * α of the unsupervised terms by epoch that has them, where the method has them: the first point is the beginning of the
   * first follower in every run, however many epochs the stages before it took.
   */
  readonly alpha?: { readonly consistency: readonly BandPoint[]; readonly complementary: readonly BandPoint[] };
}

/** Curves of every row of every table over the runs that there are, unfinished ones included, in the order of the plan. */
export function studyCurves(plan: StudyPlan, runs: StudyRuns): StudyCurves[] {
  return plan.tables.flatMap((table) => {
    const started = table.rows.flatMap((row) => row.runs.flatMap(({ key }) => runs.get(key)?.run ?? []));
    const metric = commonMetrics(started)[0]!;
    return table.rows.map((row) => rowCurves(table.id, row, metric, runs));
  });
}

function rowCurves(table: StudyTableId, row: PlannedRow, metric: Metric, runs: StudyRuns): StudyCurves {
  const epochs = row.runs.flatMap(({ key }) => {
    const found = runs.get(key);
    return found ? [epochsOf(found.run, row.target)] : [];
  });
  const weighted = epochs.map((each) => each.flatMap((epoch) => alphaOf(epoch) ?? []));
  const target = row.target ?? FUSION;
  return {
    table,
    row: row.id,
    label: row.label,
    metric,
    scores: band(epochs, ({ validation }) => scoreOf(validation[target], metric.id)),
    ...(weighted.some((each) => each.length > 0)
      ? { alpha: { consistency: band(weighted, (alpha) => alpha.consistency), complementary: band(weighted, (alpha) => alpha.complementary) } }
      : {}),
  };
}

/** All epochs of a run; with `target`, of the stages that train this modality. */
function epochsOf(run: Run, target: string | undefined): EpochEvent[] {
  return run.stages.filter((stage) => target === undefined || stage.trains.includes(target)).flatMap((stage) => stage.epochs);
}

/** The mean over the runs at every place that some run has a value at. */
function band<T>(runs: readonly (readonly T[])[], valueOf: (each: T) => number | undefined): BandPoint[] {
  const longest = Math.max(0, ...runs.map((run) => run.length));
  return Array.from({ length: longest }, (_, index) => index).flatMap((index): BandPoint[] => {
    const values = runs.flatMap((run) => (index < run.length ? valueOf(run[index]!) ?? [] : [])).filter(Number.isFinite);
    if (values.length === 0) return [];
    const { n, mean, sd = 0 } = summarise(values);
    return [{ epoch: index + 1, mean, low: mean - sd, high: mean + sd, n }];
  });
}
