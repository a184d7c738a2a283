import { percent } from '../../src/core/format.ts';
import { epochAxis, type Chart } from './plot.ts';
import { bandNote, bandPoints, rowCurves, type StudySource } from './studyLines.ts';

/** Validation accuracy of the rows of a table, over their seeds. Epochs count through all stages of a run. */
export const studyAccuracy: Chart<StudySource> = {
  id: 'studyAccuracy',
  title: 'Validation accuracy',
  draw(source) {
    const rows = rowCurves(source).filter(({ curves }) => curves.accuracy.length > 0);
    if (rows.length === 0) return { plots: [], empty: 'No run of this table has an epoch yet.' };
    const series = rows.map(({ curves: { row, label, accuracy }, look }) => ({
      id: row,
      label,
      column: label,
      look,
      points: bandPoints(accuracy),
    }));
    const all = rows.flatMap(({ curves }) => curves.accuracy);
    const newest = series.map(({ label, points }) => `${label} ${percent(points.at(-1)?.y ?? 0)}`).join(', ');
    const note = bandNote(all);
    return {
      plots: [
        {
          kind: 'line',
          id: 'accuracy',
          title: 'Validation accuracy',
          format: 'percent',
          // Rows that score only in their last stages (followers) would leave most of the axis empty.
          x: {
            ...epochAxis(Math.max(...all.map(({ epoch }) => epoch)), 'epoch, over all stages'),
            min: Math.min(...all.map(({ epoch }) => epoch)) - 0.5,
          },
          y: {},
          bands: [],
          series,
          summary: `Validation accuracy by row of the table, mean over seeds. Newest: ${newest}.`,
        },
      ],
      note: note === undefined ? undefined : [note],
    };
  },
};
