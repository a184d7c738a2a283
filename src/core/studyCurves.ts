import type { StudyTableId } from './studyPlan.ts';

/** One point of a curve over seeds: mean, and the sample standard deviation on both sides where n > 1. */
export interface BandPoint {
  /** Epoch of the whole run, counted over its stages, from 1. */
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
  /** Validation accuracy (0..1) of the row's target. */
  readonly accuracy: readonly BandPoint[];
  /** α of the unsupervised terms, where the method has them. */
  readonly alpha?: { readonly consistency: readonly BandPoint[]; readonly complementary: readonly BandPoint[] };
}
