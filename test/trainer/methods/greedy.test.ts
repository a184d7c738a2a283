import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { cgmnistEncoder } from '../../../src/trainer/encoders/cgmnist.ts';
import { mlpEncoder } from '../../../src/trainer/encoders/mlp.ts';
import { createGates } from '../../../src/trainer/methods/gates.ts';
import { greedy, learningSpeed, nextBalance, speedDifference, type Speeds } from '../../../src/trainer/methods/greedy.ts';
import { MultimodalModel } from '../../../src/trainer/model/model.ts';
import type { Input } from '../../../src/trainer/model/module.ts';
import { createSgd } from '../../../src/trainer/model/optimizer.ts';
import { trainStep } from '../../../src/trainer/loop/trainStep.ts';
import { expectClose, useBackend } from '../numbers.ts';
import {
  affine, convolutional, encodeAll, gradientsOfStep, matrix, numbersOf, ownLogits, plainCrossEntropy, randomBatch, randomImages, readingsOf, scatter, slopes,
  squareOf,
  type Rows, type Weights,
} from './samples.ts';
import { batchOf, encoderKind, firstStage, outputsOf, place } from './stages.ts';

const modalities = ['a', 'b'];

/** Gates of the small model, on its features, in float64. */
function plainGates(weights: Weights, features: Rows): [number[][], number[][]] {
  const layer = (name: string, rows: number[][]) => affine(rows, weights[`coupling.0.${name}.weight`]!, weights[`coupling.0.${name}.bias`]!);
  const hidden = layer('squeeze', features['a']!.map((row, index) => [...row, ...features['b']![index]!])).map((row) => row.map((value) => Math.max(0, value)));
  const gate = (name: string) => layer(name, hidden).map((row) => row.map((value) => 1 / (1 + Math.exp(-value))));
  return [gate('excite0'), gate('excite1')];
}

/** The whole method in float64 on the small model, step by step (methods.md 4.14). */
class PlainGreedy {
  means = [[0, 0], [0, 0]];
  batches = 0;
  bypass = [0, 0];
  main = [0, 0];
  held = -1;
  counter = 0;
  weights: Weights;
  private readonly window: number;

  constructor(weights: Weights, window: number) {
    this.weights = weights;
    this.window = window;
  }

  step(inputs: Rows, labels: readonly number[], warmUp: boolean, learningRate: number): void {
    const batchGates = plainGates(this.weights, encodeAll(this.weights, inputs));
    this.means = this.means.map((mean, index) => mean.map((value, column) =>
      (batchGates[index]!.reduce((sum, row) => sum + row[column]!, 0) / labels.length + this.batches * value) / (this.batches + 1)));
    this.batches += 1;
    const loss = (weights: Weights): number => {
      const features = encodeAll(weights, inputs);
      const gates = plainGates(weights, features);
      const gated = Object.fromEntries(modalities.map((modality, index) => [modality, features[modality]!.map((row, sample) =>
        row.map((value, column) => value * (this.held === index ? this.means[index]![column]! : gates[index]![sample]![column]!)))]));
      const logits = ownLogits(weights, gated);
      return plainCrossEntropy(logits['a']!, labels) + plainCrossEntropy(logits['b']!, labels);
    };
    const gradients = slopes(loss, this.weights);

    const speed = (names: (name: string) => boolean): number => {
      const square = (of: Weights) => Object.entries(of).filter(([name]) => names(name)).reduce((sum, [, values]) => sum + squareOf(values), 0);
      return square(gradients) / square(this.weights);
    };
    if (this.held === -1) {
      modalities.forEach((modality, index) => {
        this.bypass[index]! += speed((name) => name.includes('.squeeze.') || name.includes(`.excite${index}.`));
        this.main[index]! += speed((name) => name.startsWith(`${modality}.`));
      });
      const difference = Math.log10(this.bypass[0]! / this.main[0]!) - Math.log10(this.bypass[1]! / this.main[1]!);
      if (!warmUp && Math.abs(difference) > 0.01) this.held = difference > 0 ? 0 : 1;
    } else {
      this.counter += 1;
      if (this.counter === this.window) [this.held, this.counter] = [-1, 0];
    }
    this.weights = Object.fromEntries(Object.entries(this.weights).map(([name, values]) => [name, values.map((value, index) => value - learningRate * gradients[name]![index]!)]));
  }
}

describe('greedy', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden speeds and their difference', () => {
    // Squared norms of gradients and weights of bypass and main, as vectors of one element.
    const speed = (gradient: number, weight: number) => learningSpeed({ w: tf.tensor1d([Math.sqrt(gradient)]) }, { w: tf.tensor1d([Math.sqrt(weight)]) }, ['w']);
    const first = { bypass0: speed(0.02, 4), bypass1: speed(0.01, 5), main0: speed(0.3, 100), main1: speed(0.5, 80) };
    const second = { bypass0: speed(0.01, 4), bypass1: speed(0.02, 5), main0: speed(0.2, 100), main1: speed(0.1, 80) };
    const logs = (sums: Speeds) => ([[sums.bypass0, sums.main0], [sums.bypass1, sums.main1]] as const).map(([bypass, main]) => Math.log10(bypass.dataSync()[0]! / main.dataSync()[0]!));
    expectClose(logs(first), [0.22184875, -0.49485002], 1e-5, 'log ratios');
    expectClose(speedDifference(first).dataSync(), [0.71669877], 1e-5, 'd');
    const settings = { epsilon: 0.01, window: 5, locked: true };
    const start = { bypass0: tf.scalar(0), bypass1: tf.scalar(0), main0: tf.scalar(0), main1: tf.scalar(0), held: tf.scalar(-1), counter: tf.scalar(0) };
    const after = nextBalance(nextBalance(start, first, settings), second, settings);
    expectClose(logs(after), [0.17609126, -0.09691001], 1e-5, 'log ratios after a second step');
    expectClose(speedDifference(after).dataSync(), [0.27300127], 1e-5, 'd after a second step');
    const heldAfter = (change: Partial<typeof settings>) => nextBalance(after, second, { ...settings, ...change }).held.dataSync()[0];
    expect([heldAfter({}), heldAfter({ locked: false }), heldAfter({ locked: false, epsilon: 0.4 })], 'locked, above and below epsilon').toEqual([-1, 0, -1]);
  });

  it('has the golden gates, and running means of each modality\'s own gates', () => {
    // Two channels and two positions; the last part of the encoder averages the positions.
    const parts = [{ channels: 2, apply: ({ values }: Input) => tf.clone(values) }, { channels: 2, apply: ({ values }: Input) => tf.mean(values, 1) }];
    const encoder = encoderKind(() => ({ featureSize: 2, parts, apply: ({ values }) => tf.mean(values, 1) as Tensor2D, parameters: {}, buffers: {}, dispose: () => undefined }));
    const model = new MultimodalModel({ modalities: modalities.map((id) => ({ id, shape: [2, 2], encoder })), classes: 3, fusion: 'sum', seed: 0 });
    const gates = createGates(model, 4, 0);
    const given = {
      'squeeze.weight': [[0.1, 0], [0.2, -0.2], [0.3, 0.1], [-0.1, 0.4]], 'excite0.weight': [[0.5, 1], [-0.5, 0]], 'excite1.weight': [[0.2, -0.4], [0.3, 0.1]],
    };
    for (const [name, rows] of Object.entries(given)) gates.parameters[`0.${name}`]!.assign(matrix(rows));
    gates.parameters['0.squeeze.bias']!.assign(tf.tensor1d([0.1, -0.1]));
    const maps = { a: tf.tensor3d([[[1, 2], [3, 2]]]), b: tf.tensor3d([[[0, 4], [1, 2]]]) };
    const [g1, g2] = [[0.47502081, 0.63413559], [0.58297545, 0.46381338]];
    const applied = gates.apply(maps, 0, 'train');
    expectClose(applied['a']!.dataSync(), [g1[0]!, 2 * g1[1]!, 3 * g1[0]!, 2 * g1[1]!], 1e-5, 'A');
    expectClose(applied['b']!.dataSync(), [0, 4 * g2[1]!, g2[0]!, 2 * g2[1]!], 1e-5, 'V');
    const means = () => [gates.buffers['0.mean0']!, gates.buffers['0.mean1']!].map((mean) => Array.from(mean.dataSync()));
    expectClose(means().flat(), [...g1, ...g2], 1e-5, 'means');
    expect(gates.apply(maps, 1, 'train'), 'nothing behind the features').toBe(maps);

    const before = means();
    gates.apply({ a: tf.mul(maps.a, 3), b: maps.b }, 0, 'evaluate');
    gates.apply({ a: tf.mul(maps.a, 3), b: maps.b }, 0, 'probe');
    expect(means(), 'only training passes move them').toEqual(before);
    gates.apply({ a: tf.zerosLike(maps.a), b: tf.zerosLike(maps.b) }, 0, 'train');
    // Without input the hidden values are the bias (0.1, 0).
    const empty = [0.05, 0.1, 0.02, -0.04].map((value) => 1 / (1 + Math.exp(-value)));
    expectClose(means().flat(), [...g1, ...g2].map((value, index) => (value + empty[index]!) / 2), 1e-5, 'all batches count alike');
    gates.dispose();
    model.dispose();
  });

  it.each([{ seed: 1, holds: 1 }, { seed: 5, holds: 0 }])('agrees with the method in float64 over two epochs (seed $seed)', ({ seed, holds }) => {
    const random = createRandom(seed);
    const { model, stage, dispose } = firstStage(greedy, { settings: { window: 2 } });
    scatter(stage, random);
    const plain = new PlainGreedy(numbersOf(stage.variables), 2);
    const optimizer = createSgd(stage.variables, 0, 0);
    const held: number[] = [];
    for (let count = 0; count < 10; count++) {
      const [epoch, step] = count < 2 ? [0, count] : [1, count - 2];
      const { batch, inputs, labels } = randomBatch(random, modalities, 6);
      plain.step(inputs, labels, epoch === 0, 0.1);
      trainStep(model, stage, optimizer, batch, { epoch, epochs: 2, step, steps: 8 }, 0.1);
      const buffers = numbersOf(model.variables());
      const holding = stage.state!['held']!.dataSync()[0]!;
      held.push(holding);
      expect(holding, `held after step ${count}`).toBe(plain.held);
      plain.means.forEach((mean, index) => expectClose(buffers[`coupling.0.mean${index}`]!, mean, 1e-4, `running mean ${index}`));
      const sums = ['bypass0', 'bypass1', 'main0', 'main1'].map((name) => stage.state![name]!.dataSync()[0]!);
      expectClose(sums, [...plain.bypass, ...plain.main], 5e-4, `sums after step ${count}`);
    }
    for (const [name, values] of Object.entries(plain.weights)) expectClose(numbersOf(stage.variables)[name]!, values, 5e-4, name, 1e-4);
    expect(held.slice(0, 2), 'warm-up').toEqual([-1, -1]);
    // A normal step decides; the next two hold the gate; then a normal step decides again.
    expect(held.slice(2).map((value) => value >= 0)).toEqual([true, true, false, true, true, false, true, true]);
    expect(held[2]).toBe(holds);
    optimizer.dispose();
    dispose();
  });

  it('gives a held branch a constant gate: nothing flows to it from the other one', async () => {
    const random = createRandom(4);
    const { model, stage, dispose } = firstStage(greedy);
    scatter(stage, random);
    const held = stage.state!['held']!;
    model.variables()['coupling.0.mean0']!.assign(tf.tensor1d([0.3, 0.8]));
    const { batch, inputs } = randomBatch(random, modalities, 4);
    const logitsOf = (mode: 'probe' | 'evaluate', b: number[][]) => Array.from(model.forward({ a: batch.inputs['a']!, b: { values: matrix(b) } }, { mode, epoch: 0, step: 0 }).logits['a']!.dataSync());
    const other = inputs['b']!.map((row) => row.map((value) => value + 1));
    const free = logitsOf('evaluate', inputs['b']!);
    held.assign(tf.scalar(0));
    expect(logitsOf('probe', other)).toEqual(logitsOf('probe', inputs['b']!));
    expect(logitsOf('evaluate', inputs['b']!), 'inference has normal gates').toEqual(free);
    expect(logitsOf('evaluate', other)).not.toEqual(free);
    // The gate of the held branch learns nothing, the other one does.
    const { gradients } = await gradientsOfStep(model, stage, batch);
    expect((gradients['coupling.0.excite0.weight'] ?? []).every((value) => value === 0)).toBe(true);
    expect(gradients['coupling.0.excite1.weight']!.some((value) => value !== 0)).toBe(true);
    dispose();
  });

  it('reports the share of steps in which each gate was held, and keeps whose turn it is out of the weights', async () => {
    const { model, stage, dispose } = firstStage(greedy, { settings: { epsilon: 1e9 } });
    const { batch } = randomBatch(createRandom(2), modalities, 4);
    for (const [step, held] of [1, 1, -1, 0].entries()) {
      stage.state!['held']!.assign(tf.scalar(held));
      await gradientsOfStep(model, stage, batch, { step });
    }
    const readings = readingsOf(stage);
    expectClose([readings['held.a']!, readings['held.b']!], [0.25, 0.5], 1e-6, 'shares');
    expect(Object.values(model.variables())).not.toContain(stage.state!['held']);
    dispose();
  });

  it('does nothing to the gradients, and predicts with the mean of the heads', () => {
    const { stage, dispose } = firstStage(greedy);
    const gradients = Object.fromEntries(Object.entries(stage.variables).map(([name, variable]) => [name, tf.onesLike(variable)]));
    expect(stage.modulate!(gradients, {}, place())).toBe(gradients);
    expectClose(stage.fused!(outputsOf({ a: [[1, 2, 3]], b: [[3, 0, 1]] })).dataSync(), [2, 1, 2], 1e-6, 'mean');
    dispose();
  });

  it('gates the maps of convolutions after all parts but the last', async () => {
    const { model, stage, dispose } = firstStage(greedy, convolutional);
    const random = createRandom(6);
    const { gradients } = await gradientsOfStep(model, stage, batchOf([0, 1, 2, 0], 3, { inputs: { a: randomImages(random, 4), b: randomImages(random, 4) } }));
    const excites = Object.keys(gradients).filter((name) => name.endsWith('excite0.weight'));
    expect(excites).toEqual(['coupling.0.excite0.weight', 'coupling.1.excite0.weight', 'coupling.2.excite0.weight']);
    dispose();
  });

  it('couples encoders of different depth where both have a map', () => {
    const model = new MultimodalModel({
      modalities: [{ id: 'a', shape: [8, 8, 1], encoder: cgmnistEncoder }, { id: 'b', shape: [4], encoder: mlpEncoder, settings: { width: 64, layers: 2, dropout: 0 } }], classes: 3, fusion: 'sum', seed: 0,
    });
    model.couple(createGates(model, 4, 0));
    const { features } = model.forward({ a: randomImages(createRandom(1), 2), b: { values: tf.ones([2, 4]) } }, { mode: 'evaluate' });
    expect([features['a']!.shape, features['b']!.shape]).toEqual([[2, 512], [2, 64]]);
    model.dispose();
  });
});
