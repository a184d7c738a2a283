import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { RunConfig } from '../core/config.ts';
import { createBatch, disposeBatch, epochBatches, readSplit, type Rows } from './batches.ts';
import type { Control } from './control.ts';
import type { Dataset } from './datasets/dataset.ts';
import type { Batch } from './method.ts';
import type { MultimodalModel, Outputs } from './model.ts';
import { createSgd } from './optimizer.ts';
import { trainStep, type SteppedStage } from './trainStep.ts';

/** The splits a method may look at between epochs; never the test split. */
export type VisibleSplit = 'train' | 'validation';

/** What a stage can do between two epochs, outside the steps. */
export interface EpochTools {
  readonly classes: number;
  /** Learning rate of the epoch. */
  readonly learningRate: number;
  /** Class of every sample of a split. */
  labels(split: VisibleSplit): ArrayLike<number>;
  /** Rows of the training batches of an epoch (from 0), in order, as if every sample were taken once. */
  batches(epoch: number): readonly Int32Array[];
  /**
   * Runs modalities in evaluation mode over `rows` of a split (all by default) and reads back what `select` makes of the
   * outputs, matrices [N, width]; row i belongs to `rows[i]`.
   */
  read(split: VisibleSplit, modalities: readonly string[], select: (outputs: Outputs) => Record<string, Tensor2D>, rows?: Int32Array): Promise<Record<string, Rows>>;
  /** Puts rows of a split on the device for `use`, which runs inside a tidy; the batch is freed afterwards. */
  withBatch<T extends tf.TensorContainer>(split: VisibleSplit, rows: Int32Array, modalities: readonly string[], use: (batch: Batch) => T): T;
  /**
   * Trains the model as it is now for some epochs on `trial` with a fresh optimizer at the current learning rate, calls
   * `measure`, and puts everything back as it was. Batches are those of the epochs to come.
   */
  rehearse<T>(trial: SteppedStage, epochs: number, measure: () => Promise<T>): Promise<T>;
}

/** What the tools work with. */
interface Workshop {
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly model: MultimodalModel;
  readonly control: Control;
}

/** The tools for the epoch (from 0) that is about to begin. */
export function createEpochTools({ config: { training: settings }, dataset, model, control }: Workshop, epoch: number, learningRate: number): EpochTools {
  const gate = (): Promise<void> => control.gate();
  const batches = (of: number) => epochBatches(dataset.train.size, settings.batchSize, settings.seed, of + 1);
  return {
    classes: dataset.classes.length,
    learningRate,
    labels: (split) => dataset[split].labels,
    batches,
    read: (split, modalities, select, rows) => readSplit(model, dataset, dataset[split], modalities, select, gate, rows),
    withBatch: (split, rows, modalities, use) => {
      const batch = createBatch(dataset, dataset[split], { rows }, modalities);
      try {
        return tf.tidy(() => use(batch));
      } finally {
        disposeBatch(batch);
      }
    },
    rehearse: async (trial, epochs, measure) => {
      const variables = Object.values(model.variables());
      const saved = variables.map((variable) => tf.keep(tf.clone(variable)));
      const optimizer = createSgd(trial.variables, settings.momentum, settings.weightDecay);
      try {
        for (let ahead = 0; ahead < epochs; ahead++) {
          const order = batches(epoch + ahead);
          for (const [step, rows] of order.entries()) {
            await gate();
            const batch = createBatch(dataset, dataset.train, { rows }, trial.trains);
            trainStep(model, trial, optimizer, batch, { epoch: ahead, epochs, step, steps: order.length }, learningRate);
            disposeBatch(batch);
          }
        }
        return await measure();
      } finally {
        variables.forEach((variable, index) => variable.assign(saved[index]!));
        tf.dispose(saved);
        optimizer.dispose();
      }
    },
  };
}
