import type { MissingRun, StudyCell, StudyRow, StudyRunView, StudyTable, StudyView } from '../src/core/protocol.ts';
import { fixed } from '../src/core/format.ts';

/** The metrics of every target, in column order. */
export const metrics = ['ACC', 'F1'] as const;
export type Metric = (typeof metrics)[number];

/** The cell of a target in a row; undefined where the row does not have the target, e.g. fusion in a single branch. */
export function cellOf(row: StudyRow, target: string, metric: Metric): StudyCell | undefined {
  return row.cells.find((cell) => cell.target === target && cell.metric === metric);
}

/** The score that stands for a row: of the table's first target or, in the row of a single branch, of its own. */
export function headlineCell(table: StudyTable, row: StudyRow, metric: Metric): StudyCell | undefined {
  const [headline] = table.targets;
  return (headline === undefined ? undefined : cellOf(row, headline, metric)) ?? cellOf(row, row.target, metric);
}

/** A share in percent without its sign: `97.12`, for columns that are headed with the unit. */
export function hundredths(share: number): string {
  return fixed(share * 100, 2);
}

/** Mean, sample standard deviation (with several seeds only) and number of seeds: `97.12 ± 0.35 (3)`. */
export function scoreText({ mean = NaN, sd, values }: StudyCell): string {
  return `${hundredths(mean)}${sd === undefined ? '' : ` ± ${hundredths(sd)}`} (${values.length})`;
}

/** How far the mean is known. */
export function intervalText({ interval, values }: StudyCell): string {
  return interval
    ? `95 % confidence interval ${hundredths(interval[0])} to ${hundredths(interval[1])} (n = ${values.length})`
    : 'one seed: no confidence interval';
}

/** What a run that is missing is doing: `running 3/8`, `failed – reason`. */
export function missingText({ key, state, message }: MissingRun, runs: readonly StudyRunView[]): string {
  const run = runs.find((each) => each.key === key);
  const reason = message ?? run?.message;
  if (state === 'running' || state === 'paused')
    return run?.planned === undefined ? state : `${state} ${run.done ?? 0}/${run.planned}`;
  const word = state === 'missing' ? 'not started' : state;
  return reason === undefined ? word : `${word} – ${reason}`;
}

/** All runs that are missing in one line; seeds of which the same is to be said stand together. */
export function missingSummary(missing: readonly MissingRun[], runs: readonly StudyRunView[]): string {
  const texts = new Set(missing.map((each) => missingText(each, runs)));
  return [...texts]
    .map((text) => {
      const seeds = missing.filter((each) => missingText(each, runs) === text).map(({ seed }) => seed);
      return `${seedsText(seeds)}: ${text}`;
    })
    .join(' · ');
}

/** `seed 2`, `seeds 0, 1`. */
export function seedsText(seeds: readonly number[]): string {
  return `seed${seeds.length === 1 ? '' : 's'} ${seeds.join(', ')}`;
}

/** Keys of the runs that can be started: no trainer has them in hand. */
export function startable(missing: readonly MissingRun[]): string[] {
  return missing.filter(({ state }) => state !== 'running' && state !== 'paused').map(({ key }) => key);
}

/** Why no run can be started now, or undefined. */
export function whyNoStart({ state, trusted }: Pick<StudyView, 'state' | 'trusted'>): string | undefined {
  if (!trusted) return 'This workspace is in Restricted Mode: trust it to train here.';
  return state === 'running' ? 'The study is running: stop it first, or wait until it ends.' : undefined;
}
