import type { Metric, Scores, TestScores } from './events.ts';

/** What this trainer scores: share of right predictions, and the mean of the classes' F1 (macro-F1), both on 0..1. */
export const classificationMetrics: readonly Metric[] = [
  { id: 'accuracy', label: 'ACC', better: 'higher', format: 'percent' },
  { id: 'f1', label: 'F1', better: 'higher', format: 'percent' },
];

/** Values this close to one another count as equal: scores are ratios of counts, and sums round. */
const TIE = 1e-9;

/** What of a run says how it is scored. */
interface Scored {
  readonly started?: { readonly metrics?: readonly Metric[] | undefined } | undefined;
}

/** The metrics of a run in the order of its journal; the first one is its headline. Journals without a list have those of classification. */
export function metricsOf({ started }: Scored): readonly Metric[] {
  return started?.metrics ?? classificationMetrics;
}

/** The metrics that some of the runs have, each id once; classification where there are no runs. */
export function commonMetrics(runs: readonly Scored[]): readonly Metric[] {
  const known = new Map<string, Metric>();
  for (const run of runs) for (const metric of run.started ? metricsOf(run) : []) if (!known.has(metric.id)) known.set(metric.id, metric);
  return known.size > 0 ? [...known.values()] : classificationMetrics;
}

/** The score of this name; undefined where there is none. */
export function scoreOf(scores: Scores | TestScores | undefined, id: string): number | undefined {
  const value = scores?.[id];
  return typeof value === 'number' ? value : undefined;
}

/** The test score of a target; undefined where the run has none, or means something else by the same id (other unit, other direction). */
export function testScore(run: Scored & { readonly test?: Readonly<Record<string, TestScores>> | undefined }, target: string, metric: Metric): number | undefined {
  const own = metricsOf(run).find(({ id }) => id === metric.id);
  const same = own?.better === metric.better && own.unit === metric.unit && own.format === metric.format;
  return same ? scoreOf(run.test?.[target], metric.id) : undefined;
}

/** How much better `value` is than `other`: positive if it is, whichever way the metric counts. */
export function lead({ better }: Pick<Metric, 'better'>, value: number, other: number): number {
  return better === 'higher' ? value - other : other - value;
}

/** The best of the values; undefined without one. Values that are not finite have diverged and are never the best. */
export function bestValue(metric: Pick<Metric, 'better'>, values: readonly number[]): number | undefined {
  return values.filter(Number.isFinite).reduce<number | undefined>((best, value) => (best === undefined || lead(metric, value, best) > 0 ? value : best), undefined);
}

/** Whether two values are equal but for rounding. */
export function isTie(value: number, other: number): boolean {
  return Math.abs(value - other) <= TIE * Math.max(1, Math.abs(value), Math.abs(other));
}
