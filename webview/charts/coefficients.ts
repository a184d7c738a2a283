import { isTermReading } from '../../src/core/run/alpha.ts';
import type { RunView } from '../../src/core/protocol.ts';
import type { Chart } from './plot.ts';
import { quantityPlot } from './quantities.ts';
import { timeline } from './timeline.ts';

/** What the method itself reports of every epoch (modulation coefficients, blending weights, ...), an axis for each. */
export const coefficients: Chart<RunView> = {
  id: 'coefficients',
  title: 'Method readings',
  byStage: true,
  draw(view) {
    const { epochs } = timeline(view);
    const names = [...new Set(epochs.flatMap(({ event }) => Object.keys(event.readings ?? {})))].filter((name) => !isTermReading(name));
    return { plots: names.map((name) => quantityPlot(view, name, name, (event) => event.readings?.[name])) };
  },
};
