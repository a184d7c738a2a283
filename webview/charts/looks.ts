import { FUSION } from '../../src/core/run/targets.ts';
import type { Dash, Look, Marker } from './plot.ts';
import type { Hue } from '../theme.ts';

const markers: readonly Marker[] = ['circle', 'triangle', 'square', 'diamond'];
const dashNames: readonly Dash[] = ['solid', 'dashed', 'dotted', 'dashDot'];
// Orange comes late: in the light high-contrast theme it is a second blue.
const modalityHues: readonly Hue[] = ['blue', 'yellow', 'purple', 'green', 'red', 'orange'];
const runHues: readonly Hue[] = ['blue', 'yellow', 'green', 'purple', 'red', 'orange', 'foreground'];

/** The look of a modality, by its place in the dataset, or of the fusion: the same in every chart of a run. */
export function targetLook(target: string, modalities: readonly string[]): Look {
  if (target === FUSION) return { hue: 'foreground', dash: 'solid', marker: 'diamond' };
  const index = Math.max(0, modalities.indexOf(target));
  return {
    hue: pick(modalityHues, index),
    dash: pick(['dashed', 'dotted', 'dashDot'], index),
    marker: pick(['circle', 'triangle', 'square'], index),
  };
}

const termLooks: Readonly<Record<string, Look>> = {
  total: { hue: 'foreground', dash: 'solid', marker: 'circle' },
  classification: { hue: 'red', dash: 'solid', marker: 'square' },
  consistency: { hue: 'green', dash: 'solid', marker: 'circle' },
  complementary: { hue: 'purple', dash: 'dashed', marker: 'triangle' },
};

/** The look of a loss term, and of its weight α and alignment ξ. */
export function termLook(term: string): Look {
  return termLooks[term] ?? { hue: 'orange', dash: 'dashDot', marker: 'diamond' };
}

/**
 * The look of a compared run or of a row of a study: the first 28 differ in hue and marker, which is all that a point
 * has, and the first 16 in dash and marker, without color.
 */
export function runLook(index: number): Look {
  return { hue: pick(runHues, index), dash: pick(dashNames, index + Math.floor(index / 4)), marker: pick(markers, index) };
}

function pick<T>(list: readonly T[], index: number): T {
  return list[index % list.length]!;
}
