import * as tf from '@tensorflow/tfjs-core';
import type { EpochTotals } from './epochTotals.ts';
import type { SteppedStage } from '../methods/method.ts';
import type { Batch, LossTerms, StepPlace } from './batch.ts';
import type { MultimodalModel } from '../model/model.ts';
import type { NamedTensors } from '../model/module.ts';
import { gradientsOf, type Optimizer } from '../model/optimizer.ts';

/** One batch: an update of the stage's variables for each of its turns. Nothing is read back. */
export function trainStep(
  model: MultimodalModel, stage: SteppedStage, optimizer: Optimizer, batch: Batch, at: Omit<StepPlace, 'turn'>, learningRate: number, totals?: EpochTotals,
): void {
  for (const [turn, modalities] of (stage.turns ?? [stage.trains]).entries()) {
    takeTurn(model, stage, optimizer, batch, modalities, { ...at, turn }, learningRate, totals);
  }
}

/** Forward, the stage's own work, loss, gradients, their modulation, update. */
function takeTurn(
  model: MultimodalModel, stage: SteppedStage, optimizer: Optimizer, batch: Batch, modalities: readonly string[],
  at: StepPlace, learningRate: number, totals?: EpochTotals,
): void {
  let terms: LossTerms | undefined;
  let signals: NamedTensors = {};
  tf.tidy(() => {
    const { gradients } = gradientsOf(() => {
      const outputs = model.forward(batch.inputs, { mode: 'train', epoch: (stage.part?.firstEpoch ?? 0) + at.epoch, step: at.step }, modalities);
      stage.beforeLoss?.(outputs, batch, at);
      signals = keep(stage.signals?.(outputs, batch, at) ?? {});
      const { surrogate, ...recorded } = stage.loss(outputs, batch, at);
      terms = keep(recorded) as LossTerms;
      return surrogate ?? recorded.total;
    }, stage.variables);
    optimizer.apply(stage.modulate?.(gradients, signals, at) ?? gradients, learningRate);
  });
  totals?.add(terms!, batch.size, at.step);
  tf.dispose([terms, signals] as unknown as tf.Tensor[]);
}

/** The tape frees what it has not been given as result; these are still wanted after it. */
function keep(tensors: NamedTensors): NamedTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tf.keep(tf.clone(tensor))]));
}
