import type { BandPoint, StudyCurves, StudyTable } from '../../src/core/protocol.ts';
import { runLook } from './looks.ts';
import type { Look, PlotPoint } from './plot.ts';

/** What the charts of a study draw: one of its tables with the curves of all tables. */
export interface StudySource {
  readonly table: StudyTable;
  readonly curves: readonly StudyCurves[];
}

/** The curves of a row with the look that the row has in every chart. */
export interface RowCurves {
  readonly curves: StudyCurves;
  readonly look: Look;
}

/** The curves of the table, in the order of its rows. */
export function rowCurves({ table, curves }: StudySource): RowCurves[] {
  return table.rows.flatMap((row, index) => {
    const found = curves.find((each) => each.table === table.id && each.row === row.id);
    return found ? [{ curves: found, look: runLook(index) }] : [];
  });
}

/** Points of a curve over seeds; the line is broken where epochs are missing. */
export function bandPoints(points: readonly BandPoint[]): PlotPoint[] {
  return points.map(({ epoch, mean, low, high, n }, index) => ({
    x: epoch,
    y: mean,
    epoch,
    starts: index > 0 && epoch > points[index - 1]!.epoch + 1,
    spread: { low, high, n },
  }));
}

/** Said under charts whose lines have a band. */
export function bandNote(points: readonly BandPoint[]): string | undefined {
  const most = Math.max(0, ...points.map(({ n }) => n));
  return most > 1 ? `Lines: mean over up to ${most} seeds; bands: one sample standard deviation on both sides.` : undefined;
}
