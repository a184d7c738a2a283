import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { crossEntropy } from '../../../src/trainer/model/losses.ts';
import { calibrationTerm, cml } from '../../../src/trainer/methods/cml.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { encodeAll, expectGradients, fuseRows, gradientsOfStep, numbersOf, plainCrossEntropy, randomBatch, scatter, slopes, type Weights } from './samples.ts';
import { batchOf, firstStage, normalRows, outputsOf, place, softmax } from './stages.ts';

// The golden values of methods.md 4.3.
const fuller = [[1, 0.2, 0], [0.1, 0.4, 0.3]];
const poorer = [[1.5, 0, -0.5], [0, 0.1, 1]];
const labels = [0, 2];

/** A stream whose shuffle gives this order. */
const shuffledTo = (...order: number[]) => () => ({ ...createRandom(0), shuffle: () => Int32Array.from(order) });

describe('cml', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden terms and loss', () => {
    const { oneHot } = batchOf(labels, 3);
    const confidences = [fuller, poorer].flatMap((rows) => rows.map((row) => Math.max(...softmax(row))));
    expectClose(confidences, [0.55029462, 0.37797814, 0.73612472, 0.56355519], 1e-7, 'the plain confidences');
    expectClose([fuller, poorer].flatMap((rows) => [...crossEntropy(tf.tensor2d(rows), oneHot).dataSync()]), [0.83511020, 0.43992286], 1e-5, 'CE of each set');
    expectClose(calibrationTerm(tf.tensor2d(fuller), tf.tensor2d(poorer), oneHot, 0).dataSync(), [0.18583011, 0], 1e-5, 't');
    const { stage, dispose } = firstStage(cml, { random: shuffledTo(1, 0) });
    const rest = fuller.map((row, sample) => row.map((value, column) => value - poorer[sample]![column]!));
    const terms = stage.loss(outputsOf({ a: poorer, b: rest }), batchOf(labels, 3), place());
    expectClose([terms.total.dataSync()[0]!], [0.65609954], 1e-5, 'L');
    expectClose([terms['classification']!.dataSync()[0]!], [(0.83511020 + 0.43992286) / 2], 1e-5, 'CE');
    expectClose([terms['calibration']!.dataSync()[0]!], [0.18583011], 1e-5, 'L_CML');
    dispose();
  });

  it('takes the full bias for a subset with concat', () => {
    const { model, dispose } = firstStage(cml, { fusion: 'concat' });
    const head = model.fusionParameters(['a', 'b']);
    head['fusion.weight']!.assign(tf.transpose(tf.tensor2d([[1, 2, -1, 0.5], [0, 1, 1, -1], [0.5, -0.5, 2, 1]])));
    head['fusion.bias']!.assign(tf.tensor1d([0.2, -0.4, 0.6]));
    const logits = model.fuseSubset(outputsOf({}, { a: [[1, -1]], b: [[0.5, 2]] }), ['a']);
    expectClose(logits.dataSync(), [-0.8, -1.4, 1.6], 1e-5, 'subset of one');
    dispose();
  });

  it.each([0, 0.05])('agrees with the formula in float64, margin %s, all cases', (margin) => {
    const random = createRandom(1);
    const [classes, samples] = [3, 64];
    const [left, right] = [normalRows(random, samples, classes), normalRows(random, samples, classes)];
    const target = left.map(() => random.integer(classes));
    const seen = new Set<string>();
    const expected = target.map((label, sample) => {
      const [full, poor] = [softmax(left[sample]!), softmax(right[sample]!)];
      const [fullRight, poorRight] = [full, poor].map((each) => each.indexOf(Math.max(...each)) === label);
      const rise = Math.max(0, Math.max(...poor) - Math.max(...full) - margin);
      seen.add(`${fullRight} ${poorRight} ${rise > 0}`);
      return !fullRight && poorRight ? 0 : rise;
    });
    expect(seen.size, 'right or wrong, rising or not').toBe(8);
    expectClose(calibrationTerm(tf.tensor2d(left), tf.tensor2d(right), batchOf(target, classes).oneHot, margin).dataSync(), expected, 1e-5, 't', 1e-6);
  });

  it('holds the fuller set responsible only where it is right', () => {
    // Both samples rise; the fuller set is right on the first one, both sets are wrong on the second one.
    const full = tf.tensor2d([[0.5, 0.2, 0], [0.5, 0.2, 0]]);
    const poor = tf.tensor2d([[2, 0, 0], [2, 0, 0]]);
    const { oneHot } = batchOf([0, 2], 3);
    const [ofFull, ofPoor] = tf.grads((left, right) => tf.sum(calibrationTerm(left as Tensor2D, right as Tensor2D, oneHot, 0)))([full, poor]).map((each) => each.dataSync());
    expect(ofFull![0]).toBeLessThan(0);
    expect([...ofFull!.slice(3)].map(Math.abs)).toEqual([0, 0, 0]);
    expect(ofPoor![0]).toBeGreaterThan(0);
    expect(ofPoor![3]).toBeCloseTo(ofPoor![0]!, 6);
  });

  it('takes away one modality after another in the order it draws', () => {
    const { stage, dispose } = firstStage(cml, { modalities: ['a', 'b', 'c'], settings: { lambda: 0 }, random: shuffledTo(2, 0, 1) });
    const logits = { a: [[2, 0, 0]], b: [[0, 1, 0]], c: [[0, 0, 3]] };
    const entropy = (row: number[]) => -Math.log(softmax(row)[0]!);
    const expected = (entropy([2, 1, 3]) + entropy([2, 1, 0]) + entropy([0, 1, 0])) / 3;
    expectClose(stage.loss(outputsOf(logits), batchOf([0], 3), place()).total.dataSync(), [expected], 1e-5, 'chain abc, ab, b');
    dispose();
  });

  it('adds the terms of a batch up, or averages them', () => {
    const rest = fuller.map((row, sample) => row.map((value, column) => value - poorer[sample]![column]!));
    const calibration = (reduction: string) => {
      const { stage, dispose } = firstStage(cml, { settings: { reduction }, random: shuffledTo(1, 0) });
      const [value] = stage.loss(outputsOf({ a: poorer, b: rest }), batchOf(labels, 3), place())['calibration']!.dataSync();
      dispose();
      return value!;
    };
    expect(calibration('mean')).toBeCloseTo(calibration('sum') / 2, 6);
  });

  it.each(['sum', 'mean', 'concat'] as const)('gives all parameters the gradient of the formula in float64: %s', async (fusion) => {
    const random = createRandom(4);
    const modalities = ['a', 'b', 'c'];
    const { model, stage, dispose } = firstStage(cml, { modalities, fusion, settings: { lambda: 0.5 }, random: shuffledTo(2, 0, 1) });
    scatter(stage, random);
    const { batch, inputs, labels: target } = randomBatch(random, modalities, 12);
    const weights = numbersOf(stage.variables);
    const zero = (rows: number[][]) => rows.map((row) => row.map(() => 0));
    const chainOf = (at: Weights) => [modalities, ['a', 'b'], ['b']].map((subset) => {
      const features = encodeAll(at, inputs);
      // A concatenation keeps its full bias for a subset, the other fusions drop the modality with its head.
      return fusion === 'concat' ? fuseRows(at, Object.fromEntries(modalities.map((each) => [each, subset.includes(each) ? features[each]! : zero(features[each]!)])), fusion)
        : fuseRows(at, Object.fromEntries(subset.map((each) => [each, features[each]!])), fusion);
    });
    const best = (row: number[]) => { const p = softmax(row); return { confidence: Math.max(...p), choice: p.indexOf(Math.max(...p)) }; };
    const fixed = chainOf(weights).map((rows) => rows.map(best));
    const cases = new Set<string>();
    const loss = (at: Weights) => {
      const chain = chainOf(at);
      const terms = [0, 1].flatMap((link) => target.map((label, sample) => {
        const [full, poor] = [fixed[link]![sample]!, fixed[link + 1]![sample]!];
        const [fullRight, poorRight] = [full.choice === label, poor.choice === label];
        const rise = best(chain[link + 1]![sample]!).confidence - (fullRight ? best(chain[link]![sample]!).confidence : full.confidence);
        cases.add(`${fullRight} ${poorRight} ${rise > 0}`);
        return !fullRight && poorRight ? 0 : Math.max(0, rise);
      }));
      return chain.reduce((sum, rows) => sum + plainCrossEntropy(rows, target) / 3, 0) + 0.5 * terms.reduce((sum, term) => sum + term, 0);
    };
    const { gradients, losses } = await gradientsOfStep(model, stage, batch);
    expectClose([losses['total']!], [loss(weights)], 1e-5, 'L');
    expectGradients(gradients, slopes(loss, weights), 'gradient');
    expect([...cases], 'both cases in which a rise counts').toEqual(expect.arrayContaining(['true true true', 'false false true']));
    dispose();
  });

  it('draws a chain for every batch', async () => {
    const asked: string[] = [];
    const { model, stage, dispose } = firstStage(cml, { modalities: ['a', 'b', 'c'], random: (purpose, { epoch, step }) => {
      asked.push(`${purpose} ${epoch}:${step}`);
      return createRandom(0);
    } });
    for (const step of [0, 1]) await gradientsOfStep(model, stage, randomBatch(createRandom(step), ['a', 'b', 'c'], 2).batch, { epoch: 3, step });
    expect(asked).toEqual(['chain 3:0', 'chain 3:1']);
    dispose();
  });
});
