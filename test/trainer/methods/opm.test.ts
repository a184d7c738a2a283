import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../src/core/random.ts';
import { crossEntropy } from '../../../src/trainer/model/losses.ts';
import { dropRates, opm, rescaling } from '../../../src/trainer/methods/opm.ts';
import type { MultimodalModel } from '../../../src/trainer/model/model.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { encodeAll, expectGradients, fuseRows, gradientsOfStep, numbersOf, plainCrossEntropy, plainScore, randomBatch, readingsOf, scatter, shareRows, slopes, type Weights } from './samples.ts';
import { batchOf, firstStage, normalRows, outputsOf, place, softmax } from './stages.ts';

// The golden fixture F of methods.md 3.7.
const logits = { a: [[2, 0.5, -1], [0.2, 0.1, 0.9]], b: [[0.3, 0.2, 0.1], [-0.5, 0.4, 0.6]] };
const labels = [0, 2];
const scores = [0.78559703 + 0.51389725, 0.36716540 + 0.46477001];

/** A stream whose uniform numbers are these, one after another. */
const drawing = (...values: number[]) => (): Random => {
  let next = 0;
  return { ...createRandom(0), uniform: () => values[next++]! };
};
const rates = (values: number[], base = 0.5, lambda = 0.5) => dropRates(tf.tensor1d(values), base, lambda);

/** Logits [B, C] of one modality by its own head, in float64. */
function headOf(model: MultimodalModel, modality: string, rows: number[][]): number[][] {
  const head = model.branchParameters(modality);
  const classes = model.options.classes;
  const [weight, bias] = [head['head.weight']!.dataSync(), head['head.bias']!.dataSync()];
  return rows.map((row) => Array.from({ length: classes }, (_, column) => row.reduce((sum, value, index) => sum + value * weight[index * classes + column]!, bias[column]!)));
}

describe('opm', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden rates and factors', () => {
    expectClose(rates(scores).dataSync(), [0.62736745, 0], 1e-5, 'q, base 0.5');
    expectClose(rescaling(rates(scores), [512, 512]).dataSync(), [1.45705418], 1e-5, 'factor');
    expectClose(rates(scores, 0.4).dataSync(), [0.50189396, 0], 1e-5, 'q, base 0.4');
    expectClose(rescaling(rates(scores, 0.4), [3, 3]).dataSync(), [1.33501890], 1e-5, 'factor, base 0.4');
    expectClose(rates([1.2, 0.8, 0.6]).dataSync(), [0.65333931, 0, 0], 1e-5, 'three modalities');
  });

  it('agrees with the formula in float64: behind, equal, ahead, cut at 1, features of different sizes', () => {
    for (const [values, base] of [[[1, 2], 0.5], [[2, 2], 0.5], [[3, 1], 0.9], [[3, 2.5, 0.5], 0.3]] as const) {
      const sum = values.reduce((total, value) => total + value, 0);
      const expected = values.map((value) => {
        const rho = value / ((sum - value) / (values.length - 1));
        return rho > 1 ? Math.min(1, base * (1 + 0.5 * Math.tanh(rho - 1))) : 0;
      });
      const got = rates([...values], base);
      expectClose(got.dataSync(), expected, 1e-5, `${values.join()} `, 1e-6);
      const sizes = values.map((_, index) => 4 + index);
      const theta = expected.reduce((total, rate, index) => total + rate * sizes[index]!, 0) / sizes.reduce((total, size) => total + size, 0);
      expectClose(rescaling(got, sizes).dataSync(), [1 / (1 - theta)], 1e-5, 'factor');
    }
  });

  it('drops single samples of the leading modality, rescales all features, and keeps the bias', () => {
    const random = createRandom(4);
    const features = { a: normalRows(random, 2, 3), b: normalRows(random, 2, 3) };
    // First the decision for the batch, then a number for each sample and modality; the rate of `a` is 0.627.
    const { model, stage, dispose } = firstStage(opm, { featureSize: 3, random: drawing(0.69, 0.62, 0, 0.63, 0) });
    for (const modality of ['a', 'b']) model.branchParameters(modality)['head.bias']!.assign(tf.tensor1d([0.3, -0.2, 0.1]));
    const factor = 1.45705418;
    const left = { a: [features.a[0]!.map(() => 0), features.a[1]!.map((value) => value * factor)], b: features.b.map((row) => row.map((value) => value * factor)) };
    const [za, zb] = [headOf(model, 'a', left.a), headOf(model, 'b', left.b)];
    const expected = labels.reduce((sum, label, sample) => sum - Math.log(softmax(za[sample]!.map((value, column) => value + zb[sample]![column]!))[label]!), 0) / 2;
    const { total } = stage.loss(outputsOf(logits, features), batchOf(labels, 3), place({ epoch: 1 }));
    expectClose(total.dataSync(), [expected], 1e-5, 'L');
    expectClose([stage.readings!()['dropRate.a']!.dataSync()[0]!, stage.readings!()['dropRate.b']!.dataSync()[0]!], [0.62736745, 0], 1e-5, 'readings');
    dispose();
  });

  it('gives a dropped feature no gradient, and none to anything through the drop rates', () => {
    const { stage, dispose } = firstStage(opm, { random: drawing(0, 0.62, 0, 0.63, 0) });
    const batch = batchOf(labels, 3);
    const features = { a: [[1, 2], [3, 4]], b: [[1, -1], [0, 2]] };
    const [ofLogits, ofA, ofB] = tf.grads((z, a, b) => stage.loss(
      { logits: { a: z as Tensor2D, b: tf.tensor2d(logits.b) }, features: { a: a as Tensor2D, b: b as Tensor2D } }, batch, place({ epoch: 1 })).total,
    )([tf.tensor2d(logits.a), tf.tensor2d(features.a), tf.tensor2d(features.b)]).map((each) => [...each.dataSync()]);
    expect(ofLogits!.every((value) => value === 0)).toBe(true);
    expect(ofA!.slice(0, 2).map(Math.abs)).toEqual([0, 0]);
    for (const value of [...ofA!.slice(2), ...ofB!]) expect(value).not.toBe(0);
    dispose();
  });

  it('does not count a sample that lost every modality', () => {
    // a and b lead with a rate of about 0.6 each, c has none: of the first sample at most c is kept, of the second everything.
    const three = { a: [[3, 0, 0], [3, 0, 0]], b: [[3, 0, 0], [3, 0, 0]], c: [[0, 3, 0], [0, 3, 0]] };
    const features = { a: [[1, 2], [3, 4]], b: [[1, -1], [0, 2]], c: [[0.5, 1], [2, 1]] };
    const loss = (cUniform: number) => {
      const { stage, dispose } = firstStage(opm, { modalities: ['a', 'b', 'c'], random: drawing(0, 0.1, 0.1, cUniform, 0.9, 0.9, 0.9) });
      const [value] = stage.loss(outputsOf(three, features), batchOf([0, 0], 3), place({ epoch: 1 })).total.dataSync();
      dispose();
      return value!;
    };
    // c has rate 0, so it takes a draw below 0, which no stream gives, to drop it.
    const [firstCounts, secondAlone] = [loss(0), loss(-1)];
    expect(secondAlone).not.toBeCloseTo(firstCounts, 4);
    const { model, dispose } = firstStage(opm, { modalities: ['a', 'b', 'c'] });
    const rate = rates([2 * softmax([3, 0, 0])[0]!, 2 * softmax([3, 0, 0])[0]!, 2 * softmax([0, 3, 0])[0]!]);
    const kept = tf.tidy(() => Object.fromEntries(Object.entries(features).map(([modality, rows]) =>
      [modality, tf.mul(tf.tensor2d([rows[1]!]), rescaling(rate, [2, 2, 2])) as Tensor2D])));
    expectClose([secondAlone], crossEntropy(model.fuse(model.classify(kept)), batchOf([0], 3).oneHot).dataSync(), 1e-5, 'second sample alone');
    dispose();
  });

  it('leaves batches alone during the warm-up and where the draw says so', () => {
    const features = { a: [[1, 2], [3, 4]], b: [[1, -1], [0, 2]] };
    const total = (uniform: number, epoch: number, epochs = 100) => {
      const { stage, dispose } = firstStage(opm, { random: drawing(uniform, 0, 0, 0, 0) });
      const [value] = stage.loss(outputsOf(logits, features), batchOf(labels, 3), place({ epoch, epochs })).total.dataSync();
      dispose();
      return value!;
    };
    expect(total(0, 5)).toBeCloseTo(0.32229807, 5);
    expect(total(0, 6)).not.toBeCloseTo(0.32229807, 3);
    expect(total(0.7, 6)).toBeCloseTo(0.32229807, 5);
    expect(total(0, 0, 3), 'at least one epoch').toBeCloseTo(0.32229807, 5);
  });

  it('neither drops nor rescales in evaluation', () => {
    const { stage, dispose } = firstStage(opm);
    expect(stage.fused).toBeUndefined();
    expect(stage.unimodal!(outputsOf(logits))['a']!.dataSync()).toEqual(Float32Array.from(logits.a.flat()));
    dispose();
  });

  it.each([
    { modalities: ['a', 'b'], fusion: 'concat' }, { modalities: ['a', 'b', 'c'], fusion: 'sum' }, { modalities: ['a', 'b', 'c'], fusion: 'concat' },
  ] as const)('gives all parameters the gradient of the formula in float64: $modalities, $fusion', async ({ modalities, fusion }) => {
    const random = createRandom(9);
    const size = 6;
    const draws = Array.from({ length: size * modalities.length }, () => random.uniform());
    const { model, stage, dispose } = firstStage(opm, { modalities, fusion, random: drawing(0.1, ...draws) });
    scatter(stage, random);
    const { batch, inputs, labels: target } = randomBatch(random, modalities, size);
    const weights = numbersOf(stage.variables);
    const shares = shareRows(weights, encodeAll(weights, inputs), fusion);
    const sums = modalities.map((modality) => plainScore(shares[modality]!, target));
    const dropped = sums.map((own) => {
      const rho = own * (sums.length - 1) / (sums.reduce((sum, each) => sum + each, 0) - own);
      return rho > 1 ? Math.min(1, 0.5 * (1 + 0.5 * Math.tanh(rho - 1))) : 0;
    });
    const factor = 1 / (1 - dropped.reduce((sum, rate) => sum + rate, 0) / modalities.length);
    const kept = (sample: number, index: number) => draws[sample * modalities.length + index]! >= dropped[index]!;
    const loss = (at: Weights) => plainCrossEntropy(fuseRows(at, Object.fromEntries(Object.entries(encodeAll(at, inputs)).map(([modality, rows], index) =>
      [modality, rows.map((row, sample) => row.map((value) => (kept(sample, index) ? value * factor : 0)))])), fusion), target);
    const { gradients, losses } = await gradientsOfStep(model, stage, batch, { epoch: 1 });
    expectClose(modalities.map((modality) => readingsOf(stage)[`dropRate.${modality}`]!), dropped, 1e-4, 'q', 1e-6);
    expectClose([losses['total']!], [loss(weights)], 1e-5, 'L');
    expectGradients(gradients, slopes(loss, weights), 'gradient');
    expect(dropped.some((_, index) => target.some((_label, sample) => !kept(sample, index))), 'something was dropped').toBe(true);
    dispose();
  });
});
