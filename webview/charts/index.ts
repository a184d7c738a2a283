import type { CompareView, RunView } from '../../src/core/protocol.ts';
import { accuracy } from './accuracy.ts';
import { alphaTrace } from './alphaTrace.ts';
import { anchor } from './anchor.ts';
import { compareAccuracy } from './compareAccuracy.ts';
import { compareAlpha } from './compareAlpha.ts';
import { losses } from './losses.ts';
import type { Chart } from './plot.ts';

/** Charts of the run panel, in the order of its sections. */
export const runCharts: readonly Chart<RunView>[] = [anchor, alphaTrace, accuracy, losses];

/** Charts of the compare panel, in the order of its sections. */
export const compareCharts: readonly Chart<CompareView>[] = [compareAccuracy, compareAlpha];
