import { epochAxis, newestOf, type Chart, type LinePlot } from './plot.ts';
import { bandNote, bandPoints, rowCurves, type StudySource } from './studyLines.ts';

const terms = [
  { id: 'consistency', title: 'α_con, consistency' },
  { id: 'complementary', title: 'α_com, complementary' },
] as const;

/**
 * The weights α of the rows of a table, over their seeds; only epochs that have them count. A table without such rows has
 * no traces.
 */
export const studyAlpha: Chart<StudySource> = {
  id: 'studyAlpha',
  title: 'α-weight traces',
  draw(source) {
    const rows = rowCurves(source).flatMap(({ curves: { row, label, alpha }, look }) =>
      alpha && alpha.consistency.length > 0 ? [{ row, label, look, alpha }] : [],
    );
    if (rows.length === 0) return { plots: [] };
    const all = rows.flatMap(({ alpha }) => [...alpha.consistency, ...alpha.complementary]);
    const longest = Math.max(...all.map(({ epoch }) => epoch));
    const note = bandNote(all);
    return {
      plots: terms.map(({ id, title }): LinePlot => {
        const series = rows.map(({ row, label, look, alpha }) => ({
          id: row,
          label,
          column: `${title.split(',')[0]}, ${label}`,
          look,
          points: bandPoints(alpha[id]),
        }));
        const newest = series.map(({ label, points }) => `${label} ${newestOf(points, 'weight')}`).join(', ');
        return {
          kind: 'line',
          id,
          title,
          format: 'weight',
          half: true,
          x: epochAxis(longest, 'epoch that has α'),
          y: { min: 0, max: Math.max(1, ...all.map(({ high }) => high)) },
          bands: [],
          series,
          summary: `Weight of the ${id} loss by row of the table, mean over seeds. Newest: ${newest}.`,
        };
      }),
      note: note === undefined ? undefined : [note],
    };
  },
};
