import { epochAxis, newestOf, type Chart } from './plot.ts';
import { bandNote, bandPoints, rowCurves, type StudySource } from './studyLines.ts';

/** The headline metric on validation of the rows of a table, over their seeds. Epochs count through all stages of a run. */
export const studyAccuracy: Chart<StudySource> = {
  id: 'studyAccuracy',
  title: 'Validation scores',
  draw(source) {
    const rows = rowCurves(source).filter(({ curves }) => curves.scores.length > 0);
    if (rows.length === 0) return { plots: [], empty: 'No run of this table has an epoch yet.' };
    const { metric } = rows[0]!.curves;
    const series = rows.map(({ curves: { row, label, scores }, look }) => ({
      id: row,
      label,
      column: label,
      look,
      points: bandPoints(scores),
    }));
    const all = rows.flatMap(({ curves }) => curves.scores);
    const newest = series.map(({ label, points }) => `${label} ${newestOf(points, metric)}`).join(', ');
    const note = bandNote(all);
    return {
      plots: [
        {
          kind: 'line',
          id: 'accuracy',
          title: `Validation ${metric.label}`,
          format: metric,
          // Rows that score only in their last stages (followers) would leave most of the axis empty.
          x: {
            ...epochAxis(Math.max(...all.map(({ epoch }) => epoch)), 'epoch, over all stages'),
            min: Math.min(...all.map(({ epoch }) => epoch)) - 0.5,
          },
          y: {},
          bands: [],
          series,
          summary: `Validation ${metric.label} by row of the table, mean over seeds. Newest: ${newest}.`,
        },
      ],
      note: note === undefined ? undefined : [note],
    };
  },
};
