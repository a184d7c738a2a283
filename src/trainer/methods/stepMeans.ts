import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

/** Means of named scalars over the steps of an epoch, kept on the device for a stage's `readings`. */
export interface StepMeans {
  readonly values: Readonly<Record<string, Variable>>;
  /** Takes in the scalars of step `step` (from 0); the first step of an epoch starts afresh, so nothing has to be stored. */
  add(scalars: Readonly<Record<string, Tensor>>, step: number): void;
  dispose(): void;
}

/** Creates the means for these names. */
export function createStepMeans(names: readonly string[]): StepMeans {
  const values: Record<string, Variable> = Object.fromEntries(names.map((name) => [name, tf.tidy(() => tf.variable(tf.scalar(0), false))]));
  return {
    values,
    add: (scalars, step) => tf.tidy(() => {
      for (const [name, mean] of Object.entries(values)) {
        const scalar = scalars[name]!;
        // Not by the formula: it would leave a rounding error of the last epoch's mean, which a resumed run does not have.
        mean.assign(step === 0 ? scalar : tf.add(mean, tf.div(tf.sub(scalar, mean), step + 1)));
      }
    }),
    dispose: () => tf.dispose(values),
  };
}
