import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { Random } from '../../../src/core/random.ts';
import { createCgmnistEncoder } from '../../../src/trainer/encoders/cgmnist.ts';
import { EpochTotals } from '../../../src/trainer/loop/epochTotals.ts';
import type { Stage } from '../../../src/trainer/methods/method.ts';
import type { Batch, StepPlace } from '../../../src/trainer/loop/batch.ts';
import type { FusionKind, MultimodalModel } from '../../../src/trainer/model/model.ts';
import type { Input, NamedTensors } from '../../../src/trainer/model/module.ts';
import type { Optimizer } from '../../../src/trainer/model/optimizer.ts';
import { trainStep } from '../../../src/trainer/loop/trainStep.ts';
import { expectClose } from '../numbers.ts';
import { batchOf, encoderKind, normalRows, place, softmax } from './stages.ts';

// Plain float64 arithmetic beside the tensors: the small model of stages.ts, its losses, and gradients by central differences.

/** The golden fixture F of methods.md 3.7. */
export const fixtureF = { z1: [[2, 0.5, -1], [0.2, 0.1, 0.9]], z2: [[0.3, 0.2, 0.1], [-0.5, 0.4, 0.6]], labels: [0, 2] };

/** Numbers of variables or gradients, flat and row-major, by the names of `stage.variables`. */
export type Weights = Readonly<Record<string, readonly number[]>>;
/** Rows of a matrix by modality. */
export type Rows = Readonly<Record<string, number[][]>>;

/** Variables or gradients in ordinary numbers. */
export function numbersOf(tensors: NamedTensors): Weights {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]));
}

/** Gives every trained variable random numbers, so that biases and heads are not the zeros they start from. */
export function scatter(stage: Pick<Stage, 'variables'>, random: Random, size = 0.7): void {
  for (const variable of Object.values(stage.variables)) {
    tf.tidy(() => variable.assign(tf.tensor(Float32Array.from({ length: variable.size }, () => size * random.normal()), variable.shape)));
  }
}

/** A batch of random inputs [size, 2] and classes, as tensors and as numbers; `scale` multiplies the inputs. */
export function randomBatch(random: Random, modalities: readonly string[], size: number, classes = 3, scale = 1): { batch: Batch; inputs: Rows; labels: number[] } {
  const rows = modalities.map((modality) => [modality, normalRows(random, size, 2).map((row) => row.map((value) => Math.fround(scale * value)))] as const);
  const labels = Array.from({ length: size }, () => random.integer(classes));
  const inputs = Object.fromEntries(rows);
  return { batch: batchOf(labels, classes, { inputs: Object.fromEntries(rows.map(([modality, values]) => [modality, { values: tf.tensor2d(values) }])) }), inputs, labels };
}

/** One step of the stage without an update: the gradients that the optimizer is given, and the losses that are recorded. */
export async function gradientsOfStep(model: MultimodalModel, stage: Stage, batch: Batch, at: Partial<StepPlace> = {}): Promise<{ gradients: Weights; losses: Record<string, number> }> {
  let gradients: Weights = {};
  const optimizer: Optimizer = { apply: (given) => { gradients = numbersOf(given); }, slots: {}, dispose: () => undefined };
  const totals = new EpochTotals();
  trainStep(model, stage, optimizer, batch, place(at), 0, totals);
  const { losses } = await totals.read({});
  return { gradients, losses };
}

/** Options of `firstStage` for encoders with convolutions and batch norm, of inputs [8, 8, 1]. */
export const convolutional = { encoder: encoderKind((_input, random) => createCgmnistEncoder(1, [2, 2, 2, 2, 3], random)), shape: [8, 8, 1] };

/** Random images for `convolutional`, around `mean`. */
export function randomImages(random: Random, samples: number, mean = 0): Input {
  return { values: tf.tensor(Float32Array.from({ length: samples * 64 }, () => mean + random.normal()), [samples, 8, 8, 1]) };
}

/** Scalars that a stage reports, in ordinary numbers. */
export function readingsOf(stage: Stage): Record<string, number> {
  return Object.fromEntries(Object.entries(stage.readings!()).map(([name, tensor]) => [name, (tensor as Tensor).dataSync()[0]!]));
}

/** Every gradient within float32's reach of the expected one, and none missing; those that are expected to be 0 may be absent. */
export function expectGradients(actual: Weights, expected: Weights, what: string): void {
  for (const name of Object.keys(actual)) expect(Object.keys(expected), what).toContain(name);
  for (const [name, values] of Object.entries(expected)) {
    if (name in actual || values.some((value) => value !== 0)) expectClose(actual[name] ?? [], values, 2e-4, `${what}: ${name}`, 3e-6);
  }
}

/** x·W + b, row by row; `weight` is [inputs, outputs]. */
export function affine(rows: readonly (readonly number[])[], weight: readonly number[], bias: readonly number[]): number[][] {
  return rows.map((row) => bias.map((offset, column) => row.reduce((sum, value, index) => sum + value * weight[index * bias.length + column]!, offset)));
}

/** Features of the small model's encoder of a modality. */
export function encode(weights: Weights, modality: string, rows: readonly (readonly number[])[]): number[][] {
  const layer = (name: string) => [weights[`${modality}.encoder.${name}.weight`]!, weights[`${modality}.encoder.${name}.bias`]!] as const;
  const hidden = affine(rows, ...layer('fc1')).map((row) => row.map((value) => Math.max(0, value)));
  return affine(hidden, ...layer('fc2'));
}

/** Features of all modalities. */
export function encodeAll(weights: Weights, inputs: Rows): Rows {
  return Object.fromEntries(Object.entries(inputs).map(([modality, rows]) => [modality, encode(weights, modality, rows)]));
}

/** Logits of each modality's own head. */
export function ownLogits(weights: Weights, features: Rows): Rows {
  return Object.fromEntries(Object.entries(features).map(([modality, rows]) =>
    [modality, affine(rows, weights[`${modality}.head.weight`]!, weights[`${modality}.head.bias`]!)]));
}

/** Element-wise sum of matrices, times `factor`. */
export function addRows(matrices: readonly number[][][], factor = 1): number[][] {
  return matrices[0]!.map((row, index) => row.map((_, column) => factor * matrices.reduce((sum, each) => sum + each[index]![column]!, 0)));
}

/** Fused logits of features by modality. */
export function fuseRows(weights: Weights, features: Rows, fusion: FusionKind): number[][] {
  const all = Object.values(features);
  if (fusion === 'concat') return affine(all[0]!.map((_, index) => all.flatMap((rows) => rows[index]!)), weights['fusion.weight']!, weights['fusion.bias']!);
  return addRows(Object.values(ownLogits(weights, features)), fusion === 'mean' ? 1 / all.length : 1);
}

/** Each modality's share of the fused logits: own logits, or its rows of the concatenation head with an equal part of the bias. */
export function shareRows(weights: Weights, features: Rows, fusion: FusionKind): Rows {
  if (fusion !== 'concat') return ownLogits(weights, features);
  const names = Object.keys(features);
  const bias = weights['fusion.bias']!.map((value) => value / names.length);
  let from = 0;
  return Object.fromEntries(names.map((modality) => {
    const begin = from;
    from += features[modality]![0]!.length * bias.length;
    return [modality, affine(features[modality]!, weights['fusion.weight']!.slice(begin, from), bias)];
  }));
}

/** Mean cross entropy, nats. */
export function plainCrossEntropy(logits: readonly (readonly number[])[], labels: readonly number[]): number {
  return logits.reduce((sum, row, index) => sum - Math.log(softmax(row)[labels[index]!]!), 0) / logits.length;
}

/** Sum of the right classes' probabilities. */
export function plainScore(logits: readonly (readonly number[])[], labels: readonly number[]): number {
  return logits.reduce((sum, row, index) => sum + softmax(row)[labels[index]!]!, 0);
}

/** Gradient of a plain loss by central differences, for the given names (all by default). */
export function slopes(loss: (weights: Weights) => number, weights: Weights, names: readonly string[] = Object.keys(weights)): Record<string, number[]> {
  const step = 1e-5;
  return Object.fromEntries(names.map((name) => [name, weights[name]!.map((value, index) => {
    const moved = (by: number) => loss({ ...weights, [name]: weights[name]!.map((each, other) => (other === index ? value + by : each)) });
    return (moved(step) - moved(-step)) / (2 * step);
  })]));
}

/** Sum of squares. */
export function squareOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

/** Rows as a tensor. */
export function matrix(rows: readonly (readonly number[])[]): Tensor2D {
  return tf.tensor2d(rows.map((row) => [...row]));
}
