import * as tf from '@tensorflow/tfjs-core';
import type { RunConfig } from '../../core/config/config.ts';
import { createBatch, disposeBatch, epochBatches, readSplit } from './batches.ts';
import type { Control } from './control.ts';
import type { Dataset } from '../data/dataset.ts';
import type { MultimodalModel } from '../model/model.ts';
import { createSgd } from '../model/optimizer.ts';
import { trainStep } from './trainStep.ts';
import type { EpochTools } from '../methods/method.ts';

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
