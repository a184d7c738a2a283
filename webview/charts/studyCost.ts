import { formatted, percent } from '../../src/core/format.ts';
import { runLook } from './looks.ts';
import type { Chart } from './plot.ts';
import type { StudySource } from './studyLines.ts';
import { headlineCell } from '../studyCells.ts';

/** Test accuracy of the rows of a table against the time that training them takes. */
export const studyCost: Chart<StudySource> = {
  id: 'studyCost',
  title: 'Accuracy against training time',
  draw({ table }) {
    const points = table.rows.flatMap((row, index) => {
      const mean = headlineCell(table, row, 'ACC')?.mean;
      if (mean === undefined || row.seconds === undefined) return [];
      return [{ id: row.id, label: row.label, look: runLook(index), x: row.seconds, y: mean }];
    });
    if (points.length === 0) return { plots: [], empty: 'No row of this table has a finished run yet.' };
    const each = points.map(({ label, x, y }) => `${label} ${percent(y)} in ${formatted(x, 'seconds')}`).join(', ');
    return {
      plots: [
        {
          kind: 'scatter',
          id: 'cost',
          title: 'Test accuracy',
          format: 'percent',
          x: { title: 'training time of a run, s', format: 'seconds' },
          points,
          summary: `Test accuracy against training time, mean over seeds: ${each}.`,
        },
      ],
      note: ['Stages that came from the cache count as if they had been trained in the run.'],
    };
  },
};
