import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { z } from 'zod';
import { hparamShape } from '../../../src/core/config/hparams.ts';
import { createRandom, type Random, seedFor } from '../../../src/core/random.ts';
import { createMlpEncoder } from '../../../src/trainer/encoders/mlp.ts';
import type { Method, Stage } from '../../../src/trainer/methods/method.ts';
import type { Batch, StepPlace } from '../../../src/trainer/loop/batch.ts';
import { type FusionKind, MultimodalModel, type Outputs } from '../../../src/trainer/model/model.ts';
import type { Encoder, EncoderKind, InputSpec } from '../../../src/trainer/model/module.ts';

/** What a small model is made of, and the settings of the method that replace their defaults. */
export interface StageOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly modalities?: readonly string[];
  readonly classes?: number;
  readonly featureSize?: number;
  /** In place of a small perceptron for inputs [2]. */
  readonly encoder?: EncoderKind;
  readonly shape?: readonly number[];
  readonly fusion?: FusionKind;
  readonly epochs?: number;
  readonly random?: (purpose: string, at: Pick<StepPlace, 'epoch' | 'step'>) => Random;
}

/** An entry of the encoder registry that exists in a test only. */
export function encoderKind(create: (input: InputSpec, random: Random) => Encoder): EncoderKind {
  return { id: 'small', label: '', source: '', settings: {}, refuses: () => undefined, featureSize: () => 0, create: (input, _settings, random) => create(input, random) };
}

/** The first stage of a method on a small model whose inputs are [B, 2]; `dispose` frees both. */
export function firstStage(method: Method, options: StageOptions = {}): { model: MultimodalModel; stage: Stage; dispose: () => void } {
  const { settings = {}, modalities = ['a', 'b'], classes = 3, featureSize = 2, fusion = 'sum', epochs = 10, shape = [2] } = options;
  const encoder = options.encoder ?? encoderKind((_input, random) => createMlpEncoder([2, 4, featureSize], random));
  const model = new MultimodalModel({ modalities: modalities.map((id) => ({ id, shape, encoder })), classes, fusion, seed: 0 });
  const stage = method.stages(model, {
    hparams: z.strictObject(hparamShape(method.hparams)).parse(settings),
    seed: 0,
    epochs: () => epochs,
    random: options.random ?? ((purpose, { epoch, step }) => createRandom(seedFor(`${purpose}:${epoch}:${step}`, 0))),
    emit: () => undefined,
  }).next().value as Stage;
  return {
    model,
    stage,
    dispose: () => {
      stage.dispose?.();
      model.dispose();
    },
  };
}

/** A place in a run of ten epochs of one step. */
export function place(at: Partial<StepPlace> = {}): StepPlace {
  return { epoch: 0, epochs: 10, step: 0, steps: 1, turn: 0, ...at };
}

/** A batch without inputs, of samples with these classes. */
export function batchOf(labels: readonly number[], classes: number, more: Partial<Batch> = {}): Batch {
  const oneHot = tf.cast(tf.oneHot(tf.tensor1d([...labels], 'int32'), classes), 'float32') as Tensor2D;
  return { size: labels.length, inputs: {}, oneHot, ...more };
}

/** Outputs of a forward pass with these logits, and features where the test needs them. */
export function outputsOf(logits: Readonly<Record<string, number[][]>>, features: Readonly<Record<string, number[][]>> = {}): Outputs {
  const tensors = (record: Readonly<Record<string, number[][]>>) =>
    Object.fromEntries(Object.entries(record).map(([name, rows]) => [name, tf.tensor2d(rows)]));
  return { logits: tensors(logits), features: tensors(features) };
}

/** Rows of standard normal numbers, for a comparison with a plain implementation. */
export function normalRows(random: Random, rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, () => Array.from({ length: columns }, () => random.normal()));
}

/** Softmax of a row of numbers, in float64. */
export function softmax(row: readonly number[]): number[] {
  const highest = Math.max(...row);
  const parts = row.map((value) => Math.exp(value - highest));
  const total = parts.reduce((sum, each) => sum + each, 0);
  return parts.map((each) => each / total);
}
