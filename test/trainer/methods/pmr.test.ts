import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import type { EpochTools } from '../../../src/trainer/methods/method.ts';
import { crossEntropy, rightProbability } from '../../../src/trainer/model/losses.ts';
import { meanEntropy, pmr, prototypeDistances, pushWeights } from '../../../src/trainer/methods/pmr.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { metricsOf, smallConfig, trainHere, trainInPieces } from '../session.ts';
import { encodeAll, expectGradients, fuseRows, gradientsOfStep, numbersOf, plainCrossEntropy, plainScore, randomBatch, scatter, slopes, type Weights } from './samples.ts';
import { batchOf, firstStage, normalRows, outputsOf, place, softmax, type StageOptions } from './stages.ts';

// The golden values of methods.md 4.9.
const features = { a: [[1, 0], [0, 2]], b: [[0.5, 0.5], [1, 1]] };
const prototypes = { a: [[1, 1], [0, 0], [0, 3]], b: [[0, 1], [1, 0], [2, 2]] };
const logits = { a: [[2, 0.5, -1], [0.2, 0.1, 0.9]], b: [[0.3, 0.2, 0.1], [-0.5, 0.4, 0.6]] };
const labels = [0, 2];
const fusedEntropy = 0.32229807;
const [entropyA, entropyB] = [0.72824951, 1.10036458];

/** A stage whose prototypes are these. */
function stageWith(values: Readonly<Record<string, number[][]>>, options: StageOptions = {}) {
  const made = firstStage(pmr, options);
  for (const [modality, rows] of Object.entries(values)) made.stage.state![`prototypes.${modality}`]!.assign(tf.tensor2d(rows));
  return made;
}

/** What an epoch's start needs: features of the training samples, equal to `of(row)`, and the batches in order. */
function toolsWith(trainLabels: number[], batches: number[][], of: (modality: string, row: number) => number[]): EpochTools & { readonly asked: number[][] } {
  const asked: number[][] = [];
  const missing = (): never => { throw new Error('not expected'); };
  return {
    asked,
    classes: 3,
    learningRate: 0.1,
    labels: () => trainLabels,
    batches: () => batches.map((rows) => Int32Array.from(rows)),
    read: (_split, modalities, _select, rows) => {
      asked.push([...rows!]);
      return Promise.resolve(Object.fromEntries(modalities.map((modality) =>
        [modality, { values: Float32Array.from([...rows!].flatMap((row) => of(modality, row))), width: 2 }])));
    },
    withBatches: missing,
    rehearse: missing,
  };
}

describe('pmr', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden distances, scores, entropies and weights', () => {
    const { oneHot } = batchOf(labels, 3);
    const distances = (modality: 'a' | 'b') => prototypeDistances(tf.tensor2d(features[modality]), tf.tensor2d(prototypes[modality]));
    const [a, b] = [distances('a'), distances('b')];
    expectClose(a.dataSync(), [1, 1, 3.16227766, 1.41421356, 2, 1], 1e-5, 'D');
    expectClose(tf.softmax(tf.neg(a)).dataSync(), [0.47279921, 0.47279921, 0.05440158, 0.32574901, 0.18133402, 0.49291697], 1e-5, 'softmax(-D)');
    const scores = tf.stack([a, b].map((each) => tf.sum(rightProbability(tf.neg(each), oneHot)))) as tf.Tensor1D;
    expectClose(scores.dataSync(), [0.96571618, 0.69417153], 1e-5, 'sum s');
    expectClose([a, b].flatMap((each) => [...crossEntropy(tf.neg(each), oneHot).dataSync()]), [entropyA, entropyB], 1e-5, 'PCE');
    expectClose([a, b].flatMap((each) => [...meanEntropy(each).dataSync()]), [0.94519700, 1.02133419], 1e-5, 'entropy');
    expectClose(pushWeights(scores, 'step').dataSync(), [0, 1], 1e-5, 'step');
    expectClose(pushWeights(scores, 'clip').dataSync(), [0, 0.39117803], 1e-5, 'clip', 1e-6);
  });

  it.each([
    { settings: {}, expected: fusedEntropy + entropyB },
    { settings: { rule: 'clip', alpha: 2 }, expected: fusedEntropy + 2 * 0.39117803 * entropyB },
    // The faster modality's entropy is raised, by the slower one's weight of the clip rule.
    { settings: { entropyWeight: 0.1 }, expected: fusedEntropy + entropyB - 0.1 * 0.39117803 * 0.94519700 },
  ])('adds up the loss with $settings', ({ settings, expected }) => {
    const { stage, dispose } = stageWith(prototypes, { settings });
    const { total } = stage.loss(outputsOf(logits, features), batchOf(labels, 3), place());
    expectClose(total.dataSync(), [expected], 1e-5, 'L');
    expectClose([stage.readings!()['push.b']!.dataSync()[0]!], [settings.rule === 'clip' ? 0.39117803 : 1], 1e-5, 'push');
    dispose();
  });

  it.each(['step', 'clip'] as const)('agrees with the formula in float64 for three modalities, rule %s', (rule) => {
    const random = createRandom(2);
    const [classes, samples, size] = [4, 6, 5];
    const modalities = ['a', 'b', 'c'];
    const target = Array.from({ length: samples }, () => random.integer(classes));
    const draw = (rows: number, columns: number) => Object.fromEntries(modalities.map((modality) => [modality, normalRows(random, rows, columns)]));
    const [f, c, z] = [draw(samples, size), draw(classes, size), draw(samples, classes)];
    const probabilities = modalities.map((modality) => f[modality]!.map((row) =>
      softmax(c[modality]!.map((prototype) => -Math.hypot(...row.map((value, index) => value - prototype[index]!))))));
    const sums = probabilities.map((rows) => rows.reduce((sum, row, sample) => sum + row[target[sample]!]!, 0));
    const weights = sums.map((sum) => (rule === 'step' ? Number(sum < Math.max(...sums)) : Math.min(1, Math.max(0, Math.max(...sums) / sum - 1))));
    const mean = (of: (sample: number) => number) => target.reduce((sum, _, sample) => sum + of(sample), 0) / samples;
    const expected = mean((sample) => -Math.log(softmax(Array.from({ length: classes }, (_, column) =>
      modalities.reduce((sum, modality) => sum + z[modality]![sample]![column]!, 0)))[target[sample]!]!))
      + 0.7 * probabilities.reduce((sum, rows, index) => sum + weights[index]! * mean((sample) => -Math.log(rows[sample]![target[sample]!]!)), 0);
    expect(weights.filter((weight) => weight === 0)).toHaveLength(1);
    const { stage, dispose } = stageWith(c, { modalities, classes, featureSize: size, settings: { rule, alpha: 0.7 } });
    expectClose(stage.loss(outputsOf(z, f), batchOf(target, classes), place()).total.dataSync(), [expected], 1e-5, 'L');
    dispose();
  });

  it('pushes none of two equal modalities', () => {
    for (const rule of ['step', 'clip'] as const) expectClose(pushWeights(tf.tensor1d([1.5, 1.5]), rule).dataSync(), [0, 0], 1e-6, rule);
  });

  it('sends the push into the features of the slower modality alone, and stays finite on a prototype', () => {
    const { stage, dispose } = stageWith(prototypes);
    const batch = batchOf(labels, 3);
    const gradients = (ofB: number[][]) => tf.grads((a, b) => stage.loss({ ...outputsOf(logits), features: { a: a as Tensor2D, b: b as Tensor2D } }, batch, place()).total)(
      [tf.tensor2d(features.a), tf.tensor2d(ofB)]).map((each) => [...each.dataSync()]);
    const [ofA, ofB] = gradients(features.b);
    expect(ofA!.every((value) => value === 0)).toBe(true);
    expect(ofB!.some((value) => value !== 0)).toBe(true);
    for (const value of gradients([[0, 1], [1, 1]])[1]!) expect(value).toSatisfy(Number.isFinite);
    dispose();
  });

  it('trains like sum after its window, the last epoch of it included', () => {
    const { stage, dispose } = stageWith(prototypes);
    const total = (epoch: number) => stage.loss(outputsOf(logits, features), batchOf(labels, 3), place({ epoch })).total.dataSync();
    expectClose(total(7), [fusedEntropy + entropyB], 1e-5, 'epoch 7 of 10');
    expectClose(total(8), [fusedEntropy], 1e-5, 'epoch 8 of 10');
    // A resumed run has not seen the window: the readings must not remember it.
    expectClose(stage.readings!()['push.b']!.dataSync(), [0], 1e-6, 'push');
    dispose();
  });

  it('makes prototypes from a tenth of the batches, and reads on until every class was met', async () => {
    const { stage, dispose } = firstStage(pmr);
    const tools = toolsWith([0, 0, 1, 1, 0, 2], [[0, 2], [1, 4], [5, 3], [1, 0]], (modality, row) => [row, modality === 'a' ? 1 : -row]);
    await stage.startEpoch!(0, tools);
    expect(tools.asked).toEqual([[0, 2, 1, 4, 5, 3]]);
    expectClose((stage.state!['prototypes.a'] as Variable).dataSync(), [5 / 3, 1, 2.5, 1, 5, 1], 1e-5, 'means of a');
    expectClose((stage.state!['prototypes.b'] as Variable).dataSync(), [5 / 3, -5 / 3, 2.5, -2.5, 5, -5], 1e-5, 'means of b');
    dispose();
  });

  it('replaces prototypes after the first epoch and mixes them from then on', async () => {
    const { stage, dispose } = firstStage(pmr);
    const start = (epoch: number, value: number[]) => stage.startEpoch!(epoch, toolsWith([0, 1, 2], [[0, 1, 2]], () => value));
    const now = () => (stage.state!['prototypes.a'] as Variable).dataSync().slice(0, 2);
    await start(0, [9, 9]);
    await start(1, [1, 1]);
    expectClose(now(), [1, 1], 1e-6, 'after the first epoch');
    await start(2, [0.5, 2]);
    expectClose(now(), [0.6, 1.8], 1e-5, 'golden momentum');
    await start(8, [7, 7]);
    expectClose(now(), [0.6, 1.8], 1e-5, 'after the window');
    dispose();
  });

  it('resumes with the same prototypes and readings, within the window and after it', async () => {
    const config = smallConfig({ method: { name: 'pmr', windowEnd: 0.4, rule: 'clip', entropyWeight: 0.1, entropyEnd: 0.4 }, training: { epochs: 5, batchSize: 32, learningRate: 0.05 } });
    const { run, weights } = await trainHere(config);
    const pieces = await trainInPieces(config);
    expect(metricsOf(pieces.run)).toEqual(metricsOf(run));
    expect(pieces.weights).toEqual(weights);
    expect(run.stages[0]!.epochs.map((epoch) => 'prototype' in epoch.losses)).toEqual([true, true, true, false, false]);
  });

  it.each([{ fusion: 'sum', rule: 'clip' }, { fusion: 'concat', rule: 'step' }] as const)('gives all parameters the gradient of the formula in float64: $fusion, $rule', async ({ fusion, rule }) => {
    const random = createRandom(8);
    const settings = { rule, alpha: 0.8, entropyWeight: 0.3, entropyEnd: 1 };
    const centres = { a: normalRows(random, 3, 2), b: normalRows(random, 3, 2) };
    const { model, stage, dispose } = stageWith(centres, { fusion, settings });
    scatter(stage, random);
    const { batch, inputs, labels: target } = randomBatch(random, ['a', 'b'], 6);
    const weights = numbersOf(stage.variables);
    const nearness = (at: Weights, modality: 'a' | 'b') => encodeAll(at, inputs)[modality]!.map((row) => centres[modality].map((centre) => -Math.hypot(row[0]! - centre[0]!, row[1]! - centre[1]!)));
    const rho = plainScore(nearness(weights, 'a'), target) / plainScore(nearness(weights, 'b'), target);
    const clip = (value: number) => Math.min(1, Math.max(0, value));
    const lag = { a: clip(1 / rho - 1), b: clip(rho - 1) };
    const push = rule === 'clip' ? lag : { a: Number(rho < 1), b: Number(rho > 1) };
    const entropy = (rows: number[][]) => rows.reduce((sum, row) => sum - softmax(row).reduce((inner, p) => inner + p * Math.log(p), 0) / rows.length, 0);
    const loss = (at: Weights) => plainCrossEntropy(fuseRows(at, encodeAll(at, inputs), fusion), target)
      + 0.8 * (push.a * plainCrossEntropy(nearness(at, 'a'), target) + push.b * plainCrossEntropy(nearness(at, 'b'), target))
      - 0.3 * (lag.b * entropy(nearness(at, 'a')) + lag.a * entropy(nearness(at, 'b')));
    const { gradients, losses } = await gradientsOfStep(model, stage, batch);
    expectClose([losses['total']!], [loss(weights)], 1e-5, 'L');
    expectGradients(gradients, slopes(loss, weights), 'gradient');
    dispose();
  });
});
