import * as tf from '@tensorflow/tfjs-core';
import type { RunConfig } from '../../core/config/config.ts';
import { disposeBatch, epochBatches, type HostBatch, readBatch, upload } from './batches.ts';
import type { Batch } from './batch.ts';
import type { Control } from './control.ts';
import type { Dataset } from '../data/dataset.ts';
import type { MultimodalModel } from '../model/model.ts';
import { readAhead } from './readAhead.ts';
import { readSplit } from './readSplit.ts';
import { createStageOptimizer } from './stageOptimizer.ts';
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
    withBatches: async (parts, modalities, use) => {
      const hosts: HostBatch[] = [];
      const made: Batch[] = [];
      try {
        for (const { split, rows } of parts) {
          const host = await readBatch(dataset[split], { rows }, modalities, split === 'train' ? epoch + 1 : 'clean');
          hosts.push(host);
          made.push(upload(model, dataset, dataset[split], host));
        }
        return tf.tidy(() => use(...made));
      } finally {
        made.forEach(disposeBatch);
        for (const host of hosts) host.release();
      }
    },
    rehearse: async (trial, epochs, measure) => {
      const variables = Object.values(model.variables());
      const saved = variables.map((variable) => tf.keep(tf.clone(variable)));
      const optimizer = createStageOptimizer(settings, model, trial.variables);
      try {
        for (let ahead = 0; ahead < epochs; ahead++) {
          const order = batches(epoch + ahead);
          let step = 0;
          for await (const host of readAhead(order, (rows) => readBatch(dataset.train, { rows }, trial.trains, epoch + ahead + 1))) {
            const batch = upload(model, dataset, dataset.train, host);
            trainStep(model, trial, optimizer, batch, { epoch: ahead, epochs, step: step++, steps: order.length }, learningRate);
            disposeBatch(batch);
            host.release();
            await gate();
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
