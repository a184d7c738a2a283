import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import type { Stage } from '../../../src/trainer/methods/method.ts';
import { agm, clipped, shapleyParts, signalFactors, strengths } from '../../../src/trainer/methods/agm.ts';
import type { FusionKind } from '../../../src/trainer/model/model.ts';
import type { Input } from '../../../src/trainer/model/module.ts';
import { expectClose, useBackend } from '../numbers.ts';
import {
  addRows, convolutional, encode, expectGradients, fixtureF, fuseRows, gradientsOfStep, matrix, numbersOf, plainCrossEntropy, randomBatch, randomImages, readingsOf,
  scatter, slopes, squareOf,
  type Rows, type Weights,
} from './samples.ts';
import { batchOf, encoderKind, firstStage, softmax } from './stages.ts';

const { z1, z2, labels } = fixtureF;

/** Shapley parts written out for two and three modalities (methods.md 4.8); `v` gives the logits from the named modalities. */
function plainParts(v: (...present: string[]) => number[][], modalities: readonly string[]): Rows {
  const sum = (...terms: [number, number[][]][]) => addRows(terms.map(([factor, rows]) => addRows([rows], factor)));
  const others = (modality: string) => modalities.filter((each) => each !== modality);
  return Object.fromEntries(modalities.map((a) => {
    const [b, c] = others(a) as [string, string?];
    if (c === undefined) return [a, sum([0.5, v(a, b)], [-0.5, v(b)], [0.5, v(a)])];
    return [a, sum([1 / 3, v(a, b, c)], [-1 / 3, v(b, c)], [1 / 3, v(a)], [1 / 6, v(a, b)], [-1 / 6, v(b)], [1 / 6, v(a, c)], [-1 / 6, v(c)])];
  }));
}

/** exp(mean over the others of s_j - s_m). */
function plainStrengths(scores: readonly number[]): number[] {
  return scores.map((own, index) => Math.exp(scores.reduce((sum, each, other) => (other === index ? sum : sum + each - own), 0) / (scores.length - 1)));
}

/** Shapley parts of the model's fused logits, with zeros as the input of absent modalities. */
function partsAt(weights: Weights, inputs: Rows, fusion: FusionKind): Rows {
  const modalities = Object.keys(inputs);
  return plainParts((...present) => fuseRows(weights, Object.fromEntries(modalities.map((modality) =>
    [modality, encode(weights, modality, inputs[modality]!.map((row) => (present.includes(modality) ? row : row.map(() => 0))))])), fusion), modalities);
}

/** What AGM does to the gradient of one batch, in float64; `averages` are those before the batch. */
function plainStep(weights: Weights, inputs: Rows, target: readonly number[], averages: readonly number[], fusion: FusionKind, modulates: boolean) {
  const parts = Object.values(partsAt(weights, inputs, fusion));
  const fused = addRows(parts);
  const signal = fused.map((row, index) => softmax(row).map((p, column) => (p - (column === target[index] ? 1 : 0)) / target.length));
  const scores = parts.map((rows) => rows.reduce((sum, row, index) => sum + Math.min(-Math.log(softmax(row)[target[index]!]!), -Math.log(1e-8)), 0) / target.length);
  const [strong, usual] = [plainStrengths(scores), plainStrengths(averages)];
  const factors = scores.map((_, index) => (modulates ? Math.exp(Math.min(usual[index]! - strong[index]!, 10)) : 1));
  const surrogate = (at: Weights) => Object.values(partsAt(at, inputs, fusion)).reduce((sum, rows, part) => sum + factors[part]! * rows.reduce((inner, row, index) =>
    inner + row.reduce((all, value, column) => all + value * signal[index]![column]!, 0), 0), 0);
  const raw = slopes(surrogate, weights);
  const heads = Object.entries(raw).filter(([name]) => name === 'fusion.weight' || name.endsWith('.head.weight')).flatMap(([, values]) => values.map(Math.abs));
  const norm = Math.sqrt(squareOf(Object.values(raw).flat()));
  const clips = Math.max(...heads) > 1;
  const scale = clips ? Math.min(1, 1 / (norm + 1e-6)) : 1;
  return { loss: plainCrossEntropy(fused, target), scores, factors, clips, gradients: Object.fromEntries(Object.entries(raw).map(([name, values]) => [name, values.map((value) => value * scale)])) };
}

/** A stage with three features, whose encoders and heads hand their input on, so that the parts are the inputs. */
function transparentStage(settings: Record<string, unknown> = {}) {
  const apply = ({ values }: Input) => tf.clone(values) as Tensor2D;
  const encoder = encoderKind(() => ({ featureSize: 3, apply, parts: [{ channels: 3, apply }], parameters: {}, buffers: {}, dispose: () => undefined }));
  const made = firstStage(agm, { settings, encoder, shape: [3] });
  for (const modality of ['a', 'b']) made.stage.variables[`${modality}.head.weight`]!.assign(tf.eye(3));
  return made;
}

describe('agm', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());
  const state = (stage: Stage, name: string) => stage.state![name] as Variable;

  it('has the golden Shapley parts', () => {
    const two: Record<number, number[]> = { 1: [2.2, 0.1, -0.3], 2: [1, 0.8, 0.4], 3: [3, 1, 0] };
    const [first, second] = shapleyParts((subset) => matrix([two[subset]!]), 2);
    expectClose(first!.dataSync(), [2.1, 0.15, -0.35], 1e-5, 'phi 1');
    expectClose(second!.dataSync(), [0.9, 0.85, 0.35], 1e-5, 'phi 2');
    const three: Record<number, number> = { 1: 1.5, 2: 0.6, 4: 0.2, 3: 2.4, 5: 2, 6: 1, 7: 3 };
    expectClose(shapleyParts((subset) => matrix([[three[subset]!]]), 3).map((each) => each.dataSync()[0]!), [1.76666667, 0.81666667, 0.41666667], 1e-5, 'three');
  });

  it('has the golden strengths and factors', () => {
    const scores = tf.tensor1d([0.45352161, 0.88407773]);
    expectClose(strengths(scores).dataSync(), [1.53811265, 0.65014744], 1e-5, 'r');
    expectClose(strengths(tf.tensor1d([1, 1.2])).dataSync(), [1.22140276, 0.81873075], 1e-5, 't');
    expectClose(signalFactors(scores, tf.tensor1d([1, 1.2]), 1, 10).dataSync(), [0.72854208, 1.18362684], 1e-5, 'kappa');
    expectClose(strengths(tf.tensor1d([0.5, 1, 1.5])).dataSync(), [2.11700002, 1, 0.47236655], 1e-5, 'three');
  });

  it('caps the distance from the running average, not its negative', () => {
    const factors = signalFactors(tf.tensor1d([4, 0]), tf.tensor1d([0, 4]), 0.1, 2).dataSync();
    expectClose(factors, [Math.exp(0.1 * 2), Math.exp(0.1 * (Math.exp(-4) - Math.exp(4)))], 1e-5, 'kappa');
  });

  it('takes the golden scores and factors of F in a step, and moves the averages after it', async () => {
    const { model, stage, dispose } = transparentStage();
    state(stage, 'averages').assign(tf.tensor1d([1, 1.2]));
    state(stage, 'count').assign(tf.scalar(4));
    await gradientsOfStep(model, stage, batchOf(labels, 3, { inputs: { a: { values: matrix(z1) }, b: { values: matrix(z2) } } }));
    expectClose(Object.values(readingsOf(stage)), [0.72854208, 1.18362684], 1e-5, 'kappa');
    expectClose(state(stage, 'averages').dataSync(), [0.89070432, 1.13681555], 1e-5, 'averages');
    expect(state(stage, 'count').dataSync()[0]).toBe(5);
    dispose();
  });

  it('starts its averages with the scores of the first batch, capped for each sample', async () => {
    const { model, stage, dispose } = transparentStage();
    await gradientsOfStep(model, stage, batchOf([1, 2], 3, { inputs: { a: { values: matrix([[100, 0, 0], z1[1]!]) }, b: { values: matrix([[0, 100, 0], z2[1]!]) } } }));
    const second = [z1, z2].map((rows) => plainCrossEntropy([rows[1]!], [2]));
    expectClose(state(stage, 'averages').dataSync(), [(-Math.log(1e-8) + second[0]!) / 2, second[1]! / 2], 1e-5, 'averages');
    dispose();
  });

  it('back-propagates the golden signals', async () => {
    const parts = [[2.1, 0.15, -0.35], [0.9, 0.85, 0.35]];
    const strong = plainStrengths(parts.map((row) => plainCrossEntropy([row], [0])));
    // The strength of alpha, and the averages, with which kappa is (0.5, 2).
    const alpha = Math.LN2 / (strong[0]! - strong[1]!);
    const { model, stage, dispose } = transparentStage({ alpha });
    state(stage, 'averages').assign(tf.tensor1d([1, 1 + Math.log(strong[0]! - Math.LN2 / alpha)]));
    const { gradients, losses } = await gradientsOfStep(model, stage, batchOf([0], 3, { inputs: { a: { values: matrix([parts[0]!]) }, b: { values: matrix([parts[1]!]) } } }));
    expectClose(Object.values(readingsOf(stage)), [0.5, 2], 1e-5, 'kappa');
    expectClose([losses['total']!], [0.16984602], 1e-5, 'L');
    const signals = [[-0.07810263, 0.0570976, 0.02100503], [-0.31241053, 0.2283904, 0.08402013]];
    ['a', 'b'].forEach((modality, index) => {
      expectClose(gradients[`${modality}.head.weight`]!, parts[index]!.flatMap((input) => signals[index]!.map((signal) => input * signal)), 1e-5, `signal to ${modality}`);
    });
    dispose();
  });

  it.each([
    { modalities: ['a', 'b'], fusion: 'sum', scale: 1, clips: false }, { modalities: ['a', 'b'], fusion: 'concat', scale: 8, clips: true },
    { modalities: ['a', 'b', 'c'], fusion: 'concat', scale: 1, clips: false }, { modalities: ['a', 'b', 'c'], fusion: 'sum', scale: 8, clips: true },
  ] as const)('agrees with the formula in float64: $modalities, $fusion, clips $clips', async ({ modalities, fusion, scale, clips }) => {
    const random = createRandom(7);
    const { model, stage, dispose } = firstStage(agm, { modalities, fusion });
    scatter(stage, random, clips ? 0.7 : 0.4);
    let averages = modalities.map(() => 0);
    for (let step = 0; step < 3; step++) {
      const { batch, inputs, labels: target } = randomBatch(random, modalities, 5, 3, scale);
      const expected = plainStep(numbersOf(stage.variables), inputs, target, averages, fusion, true);
      const { gradients, losses } = await gradientsOfStep(model, stage, batch, { step });
      expect(expected.clips, 'clips').toBe(clips);
      expectGradients(gradients, expected.gradients, `step ${step}`);
      expectClose([losses['total']!], [expected.loss], 1e-5, 'L');
      averages = averages.map((average, index) => (average * step + expected.scores[index]!) / (step + 1));
      expectClose(state(stage, 'averages').dataSync(), averages, 1e-5, 'averages');
    }
    dispose();
  });

  it('leaves the gradient as it is after the window', async () => {
    const random = createRandom(2);
    const { model, stage, dispose } = firstStage(agm, { settings: { windowEnd: 0.2 } });
    scatter(stage, random);
    state(stage, 'averages').assign(tf.tensor1d([0.2, 2]));
    state(stage, 'count').assign(tf.scalar(1e6));
    const { batch, inputs, labels: target } = randomBatch(random, ['a', 'b'], 5);
    for (const epoch of [0, 1, 2, 9]) {
      const { gradients } = await gradientsOfStep(model, stage, batch, { epoch, epochs: 10 });
      expectGradients(gradients, plainStep(numbersOf(stage.variables), inputs, target, [0.2, 2], 'sum', epoch < 2).gradients, `epoch ${epoch}`);
    }
    dispose();
  });

  it.each([{ modalities: ['a', 'b'], fusion: 'concat' }, { modalities: ['a', 'b', 'c'], fusion: 'sum' }] as const)(
    'shows of a modality its part of the prediction: $modalities, $fusion', ({ modalities, fusion }) => {
      const random = createRandom(8);
      const { model, stage, dispose } = firstStage(agm, { modalities, fusion });
      scatter(stage, random);
      const { batch, inputs } = randomBatch(random, modalities, 5);
      const outputs = model.forward(batch.inputs, { mode: 'evaluate' });
      const shown = stage.unimodal!(outputs);
      for (const [modality, rows] of Object.entries(partsAt(numbersOf(stage.variables), inputs, fusion))) {
        expectClose(shown[modality]!.dataSync(), rows.flat(), 1e-4, `part of ${modality}`, 1e-5);
      }
      expectClose(tf.addN(Object.values(shown)).dataSync(), model.fuse(outputs).dataSync(), 1e-4, 'sum of the parts', 1e-5);
      dispose();
    });

  it('cuts the joint norm only where a head weight has a gradient above 1', () => {
    const gradients = (head: number) => ({ 'a.head.weight': tf.tensor1d([head, 0]), 'a.encoder.weight': tf.tensor1d([3, 4]) });
    const cut = (head: number) => numbersOf(clipped(gradients(head), ['a.head.weight'], 1));
    expect(cut(1)).toEqual({ 'a.head.weight': [1, 0], 'a.encoder.weight': [3, 4] });
    expect(cut(-1)).toEqual({ 'a.head.weight': [-1, 0], 'a.encoder.weight': [3, 4] });
    const norm = Math.sqrt(25 + 4) + 1e-6;
    expectClose(cut(-2)['a.encoder.weight']!, [3 / norm, 4 / norm], 1e-5, 'cut');
    const small = clipped({ 'a.head.weight': tf.tensor1d([2]) }, ['a.head.weight'], 5);
    expect(numbersOf(small)).toEqual({ 'a.head.weight': [2] });
  });

  it('runs the coalitions in evaluation mode, on running statistics that move once a step', async () => {
    const { model, stage, dispose } = firstStage(agm, convolutional);
    const random = createRandom(3);
    const inputs = { a: randomImages(random, 4, 1), b: randomImages(random, 4, 2) };
    const target = [0, 1, 2, 0];
    await gradientsOfStep(model, stage, batchOf(target, 3, { inputs }));
    for (const modality of ['a', 'b'] as const) {
      const mean = Array.from(inputs[modality].values.dataSync()).reduce((sum, value) => sum + value / 256, 0);
      expectClose(model.variables()[`${modality}.encoder.bn0.running_mean`]!.dataSync(), [0.1 * mean], 1e-4, modality);
    }
    // Weights and statistics are still those of the step: both inputs with the batch's own statistics, one with the running ones.
    const logits = (mode: 'probe' | 'evaluate', present: string[]) => addRows(['a', 'b'].map((modality) => {
      const input = inputs[modality as 'a' | 'b'];
      return model.forward({ [modality]: present.includes(modality) ? input : { values: tf.zerosLike(input.values) } }, { mode, epoch: 0, step: 0 }, [modality]).logits[modality]!.arraySync();
    }));
    const parts = plainParts((...present) => logits(present.length === 2 ? 'probe' : 'evaluate', present), ['a', 'b']);
    expectClose(state(stage, 'averages').dataSync(), Object.values(parts).map((rows) => plainCrossEntropy(rows, target)), 1e-4, 'scores');
    dispose();
  });
});
