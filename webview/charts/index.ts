import type { CompareView, RunView } from '../../src/core/protocol.ts';
import { accuracy } from './accuracy.ts';
import { alphaTrace } from './alphaTrace.ts';
import { anchor } from './anchor.ts';
import { coefficients } from './coefficients.ts';
import { compareAccuracy } from './compareAccuracy.ts';
import { compareAlpha } from './compareAlpha.ts';
import { losses } from './losses.ts';
import type { Chart } from './plot.ts';
import { studyAccuracy } from './studyAccuracy.ts';
import { studyAlpha } from './studyAlpha.ts';
import { studyCost } from './studyCost.ts';
import type { StudySource } from './studyLines.ts';

/** Charts of the run panel, in the order of its sections. */
export const runCharts: readonly Chart<RunView>[] = [anchor, alphaTrace, accuracy, losses, coefficients];

/** Charts of the compare panel, in the order of its sections. */
export const compareCharts: readonly Chart<CompareView>[] = [compareAccuracy, compareAlpha];

/** Charts of the study panel, in the order of its sections; each draws one table of the study. */
export const studyCharts: readonly Chart<StudySource>[] = [studyAccuracy, studyAlpha, studyCost];
