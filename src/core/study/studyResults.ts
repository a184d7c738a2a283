import type { RunConfig } from '../config/config.ts';
import type { Metric } from '../run/events.ts';
import type { Run, RunState } from '../run/run.ts';
import type { Selection } from '../run/selection.ts';
import type { PlannedRow, StudyTableId } from './studyPlan.ts';

/** A run of a study as it is now; a study has at most one that counts for every key of its plan. */
export interface StudyRun {
  /** Id of the run's folder. */
  readonly id: string;
  readonly run: Run;
  readonly state: RunState;
}

/** The runs of a study by their key in the plan. */
export type StudyRuns = ReadonlyMap<string, StudyRun>;

/** A planned run of a row and, once there is one, the run itself. */
export interface SeedRun {
  readonly seed: number;
  readonly key: string;
  readonly config: RunConfig;
  readonly found?: StudyRun;
}

/** A row of the plan with what there is of its runs, seed by seed. */
export interface RowRuns {
  readonly row: PlannedRow;
  readonly seeds: readonly SeedRun[];
}

/** One score of one run, a finite number. */
export interface SeedValue {
  readonly seed: number;
  readonly run: string;
  readonly value: number;
}

/** A run without a score for a cell: its seed, its key in the plan, and what it is doing now. */
export interface MissingRun {
  readonly seed: number;
  readonly key: string;
  /** Id of the run's folder, if there is one. */
  readonly run?: string;
  readonly state: RunState | 'missing';
  /** Whether a loss or score of it was no finite number. */
  readonly diverged?: true;
  /** Why it failed, or has no score although it finished, in one sentence. */
  readonly message?: string;
}

/** How many of the distinct runs of a table are where; the five parts add up to `planned`. */
export interface RunCounts {
  readonly planned: number;
  /** With a score for the row that they belong to. */
  readonly finished: number;
  readonly diverged: number;
  /** Failed otherwise. */
  readonly failed: number;
  /** Finished without that score. */
  readonly unscored: number;
  /** Not started, or not at their end. */
  readonly missing: number;
}

/** One metric of one target over the seeds of a row. */
export interface StudyCell {
  readonly target: string;
  /** Id of the metric, one of the table's. */
  readonly metric: string;
  readonly values: readonly SeedValue[];
  readonly missing: readonly MissingRun[];
  /** Absent without values. `sd` is the sample standard deviation and, like `interval` (95 %, t), absent with one value. */
  readonly mean?: number;
  readonly sd?: number;
  readonly interval?: readonly [number, number];
  /** Among the rows of the column with at least two seeds, by mean; a row without fusion has none in the columns of its branches. */
  readonly rank?: 'best' | 'second';
  /**
   * Whether the row may be the best of its column although its mean is not (`mayBeBest`); absent in the best row itself and with
   * fewer than two seeds that both have.
   */
  readonly tied?: boolean;
  /** What the paper prints for this row, metric and dataset, in the unit of the values; only for the headline target of tables it has. */
  readonly paper?: { readonly value: number; readonly sd?: number; readonly notes: readonly string[] };
}

/** A row of a table of results. */
export interface StudyRow {
  readonly id: string;
  readonly label: string;
  readonly settings: readonly string[];
  /** The target that stands for the row: `fusion`, or the modality of a single branch. */
  readonly target: string;
  /**
   * All metrics of the targets that the row has, in the order of the columns. A single branch has those of its own target only;
   * they stand for it in the headline column too, where they are not ranked.
   */
  readonly cells: readonly StudyCell[];
  /** Ids of the runs of the row that exist, in the order of its seeds. */
  readonly runs: readonly string[];
  /**
   * Mean training seconds over the finished runs, stages from the cache counted as if trained here; of a single branch only
   * the stages that train it, since its run may train others as well.
   */
  readonly seconds?: number;
}

/** The headline metric of two rows over the seeds that both have. */
export interface Comparison {
  /** Id of the row that the others are compared with. */
  readonly left: string;
  /** Id of the other row. */
  readonly right: string;
  readonly n: number;
  /** Mean of left minus right, in the unit of the metric. */
  readonly difference: number;
  /** Absent where n is too small to tell; `verdict` says so in words. Both p and the interval are adjusted, as the table's `comparisonNote` says. */
  readonly pairedT?: { readonly p: number; readonly interval: readonly [number, number] };
  readonly wilcoxon?: { readonly p: number };
  readonly verdict: string;
}

/** A table of results, laid out like the paper's. */
export interface StudyTable {
  readonly id: StudyTableId;
  readonly title: string;
  readonly settings: readonly string[];
  /** Metrics in column order; the first is the headline. */
  readonly metrics: readonly Metric[];
  /** Targets in column order. The first is the headline: the target that all rows stand for, `fusion` where they differ. */
  readonly targets: readonly string[];
  readonly rows: readonly StudyRow[];
  /** The rows that stand for the headline, each against the reference row. */
  readonly comparisons: readonly Comparison[];
  /** How the comparisons are adjusted, and whether their reference was chosen from the same data. */
  readonly comparisonNote?: string;
  readonly counts: RunCounts;
  /** Why no published numbers stand beside these, where the paper has some for this dataset. */
  readonly paperNote?: string;
  /** On which split the reported epochs were selected. */
  readonly selectedOn: Selection;
}
