import { formatted, metricText } from '../../src/core/format.ts';
import { runLook } from './looks.ts';
import type { Chart } from './plot.ts';
import type { StudySource } from './studyLines.ts';
import { headlineCell } from '../../src/core/study/studyCells.ts';

/** The headline metric on test of the rows of a table against the time that training them takes. */
export const studyCost: Chart<StudySource> = {
  id: 'studyCost',
  title: 'Scores against training time',
  draw({ table }) {
    const [metric] = table.metrics;
    if (!metric) return { plots: [] };
    const points = table.rows.flatMap((row, index) => {
      const mean = headlineCell(table, row, metric.id)?.mean;
      if (mean === undefined || row.seconds === undefined) return [];
      return [{ id: row.id, label: row.label, look: runLook(index), x: row.seconds, y: mean }];
    });
    if (points.length === 0) return { plots: [], empty: 'No row of this table has a finished run yet.' };
    const each = points.map(({ label, x, y }) => `${label} ${metricText(y, metric)} in ${formatted(x, 'seconds')}`).join(', ');
    return {
      plots: [
        {
          kind: 'scatter',
          id: 'cost',
          title: `Test ${metric.label}`,
          format: metric,
          x: { title: 'training time of a run, s', format: 'seconds' },
          points,
          summary: `Test ${metric.label} against training time, mean over seeds: ${each}.`,
        },
      ],
      note: ['Stages that came from the cache count as if they had been trained in the run.'],
    };
  },
};
