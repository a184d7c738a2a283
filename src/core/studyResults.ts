import type { RunState } from './run.ts';
import type { StudyTableId } from './studyPlan.ts';

/** One score of one run; `value` is a share in 0..1. */
export interface SeedValue {
  readonly seed: number;
  readonly run: string;
  readonly value: number;
}

/** A run that a cell still needs: its seed, its key in the plan, and what it is doing now. */
export interface MissingRun {
  readonly seed: number;
  readonly key: string;
  /** Id of the run's folder, if there is one. */
  readonly run?: string;
  readonly state: RunState | 'missing';
  /** Why it failed, in one sentence. */
  readonly message?: string;
}

/** ACC or F1 of one target over the seeds of a row. */
export interface StudyCell {
  readonly target: string;
  readonly metric: 'ACC' | 'F1';
  readonly values: readonly SeedValue[];
  readonly missing: readonly MissingRun[];
  /** Absent without values. `sd` is the sample standard deviation and, like `interval` (95 %, t), absent with one value. */
  readonly mean?: number;
  readonly sd?: number;
  readonly interval?: readonly [number, number];
  /** Among the rows of the column, by mean. */
  readonly rank?: 'best' | 'second';
  /** Whether the paired interval of the difference to the best row contains 0, so that the order may be chance. */
  readonly tied?: boolean;
  /** What the paper prints for this row, metric and dataset; only for the headline target of tables it has. */
  readonly paper?: { readonly value: number; readonly sd?: number; readonly notes: readonly string[] };
}

/** A row of a table of results. */
export interface StudyRow {
  readonly id: string;
  readonly label: string;
  readonly settings: readonly string[];
  /** The target that stands for the row: `fusion`, or the modality of a single branch. */
  readonly target: string;
  readonly cells: readonly StudyCell[];
  /** Ids of all runs of the row that exist. */
  readonly runs: readonly string[];
  /** Mean training seconds over the finished runs, stages from the cache counted as if trained here. */
  readonly seconds?: number;
}

/** Two settings over the seeds that both have. */
export interface Comparison {
  readonly left: string;
  readonly right: string;
  readonly n: number;
  readonly difference: number;
  /** Absent where n is too small to tell; `verdict` says so in words. `p` are adjusted by Holm over the table. */
  readonly pairedT?: { readonly p: number; readonly interval: readonly [number, number] };
  readonly wilcoxon?: { readonly p: number };
  readonly verdict: string;
}

/** A table of results, laid out like the paper's. */
export interface StudyTable {
  readonly id: StudyTableId;
  readonly title: string;
  readonly settings: readonly string[];
  /** Targets in column order; the first is the headline (`fusion`, or the row's own target). */
  readonly targets: readonly string[];
  readonly rows: readonly StudyRow[];
  readonly comparisons: readonly Comparison[];
  /** Why no published numbers stand beside these, where the paper has some for this dataset. */
  readonly paperNote?: string;
  /** On which split the reported epochs were selected. */
  readonly selectedOn: 'validation' | 'test' | 'mixed';
}
