import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { sum } from '../../../src/trainer/methods/sum.ts';
import { unimodal } from '../../../src/trainer/methods/unimodal.ts';
import { prefixed } from '../../../src/trainer/model/module.ts';
import { createSgd } from '../../../src/trainer/model/optimizer.ts';
import { trainStep } from '../../../src/trainer/loop/trainStep.ts';
import { expectClose, useBackend } from '../numbers.ts';
import {
  affine, encode, encodeAll, expectGradients, fixtureF, fuseRows, gradientsOfStep, matrix, numbersOf, plainCrossEntropy, randomBatch, scatter, shareRows, slopes,
  type Weights,
} from './samples.ts';
import { batchOf, firstStage, outputsOf, place } from './stages.ts';

const { z1, z2, labels } = fixtureF;

describe('unimodal', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden losses of F', () => {
    const { stage, dispose } = firstStage(unimodal);
    for (const [rows, golden] of [[z1, 0.45352161], [z2, 0.88407773]] as const) {
      expectClose(stage.loss(outputsOf({ a: rows }), batchOf(labels, 3), place()).total.dataSync(), [golden], 1e-5, 'CE');
    }
    dispose();
  });

  it('agrees with the cross entropy of its own branch in float64, whatever the fusion', async () => {
    const random = createRandom(1);
    const { model, stage, dispose } = firstStage(unimodal, { settings: { modality: 'b' }, fusion: 'concat' });
    scatter(stage, random);
    const { batch, inputs, labels: target } = randomBatch(random, ['b'], 6);
    // The stage names its variables without the modality.
    const loss = (at: Weights) => plainCrossEntropy(affine(encode(prefixed('b', at), 'b', inputs['b']!), at['head.weight']!, at['head.bias']!), target);
    expectGradients((await gradientsOfStep(model, stage, batch)).gradients, slopes(loss, numbersOf(stage.variables)), 'gradient');
    dispose();
  });
});

describe('sum', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden logits, loss and gradient of F', () => {
    const { model, stage, dispose } = firstStage(sum);
    const outputs = outputsOf({ a: z1, b: z2 });
    expectClose(model.fuse(outputs).dataSync(), [2.3, 0.7, -0.9, -0.3, 0.5, 1.5], 1e-5, 'z');
    expectClose(stage.loss(outputs, batchOf(labels, 3), place()).total.dataSync(), [0.32229807], 1e-5, 'CE');
    const gradients = tf.grads((a, b) => stage.loss({ features: {}, logits: { a: a as tf.Tensor2D, b: b as tf.Tensor2D } }, batchOf(labels, 3), place()).total);
    const golden = [-0.09763691, 0.08123571, 0.01640121, 0.05390726, 0.11997282, -0.17388008];
    for (const gradient of gradients([matrix(z1), matrix(z2)])) expectClose(gradient.dataSync(), golden, 1e-5, 'the same for every modality');
    dispose();
  });

  it('has the golden logits and shares of a concatenation', () => {
    const { model, stage, dispose } = firstStage(sum, { fusion: 'concat' });
    stage.variables['fusion.weight']!.assign(tf.transpose(matrix([[1, 2, -1, 0.5], [0, 1, 1, -1], [0.5, -0.5, 2, 1]])));
    stage.variables['fusion.bias']!.assign(tf.tensor1d([0.2, -0.4, 0.6]));
    const outputs = outputsOf({}, { a: [[1, -1]], b: [[0.5, 2]] });
    expectClose(model.fuse(outputs).dataSync(), [-0.3, -2.9, 4.6], 1e-5, 'z');
    const shares = stage.unimodal!(outputs);
    expectClose(shares['a']!.dataSync(), [-0.9, -1.2, 1.3], 1e-5, 'u1');
    expectClose(shares['b']!.dataSync(), [0.6, -1.7, 3.3], 1e-5, 'u2');
    dispose();
  });

  it.each(['sum', 'mean', 'concat'] as const)('agrees with the joint cross entropy in float64: %s', async (fusion) => {
    const random = createRandom(2);
    const modalities = ['a', 'b', 'c'];
    const { model, stage, dispose } = firstStage(sum, { modalities, fusion });
    scatter(stage, random);
    const { batch, inputs, labels: target } = randomBatch(random, modalities, 6);
    const weights = numbersOf(stage.variables);
    const { gradients, losses } = await gradientsOfStep(model, stage, batch);
    const loss = (at: typeof weights) => plainCrossEntropy(fuseRows(at, encodeAll(at, inputs), fusion), target);
    expectClose([losses['total']!], [loss(weights)], 1e-5, 'L');
    expectGradients(gradients, slopes(loss, weights), 'gradient');
    const shares = stage.unimodal!(model.forward(batch.inputs, { mode: 'evaluate' }));
    const expected = shareRows(weights, encodeAll(weights, inputs), fusion);
    for (const modality of modalities) expectClose(shares[modality]!.dataSync(), expected[modality]!.flat(), 1e-4, `share of ${modality}`, 1e-6);
    dispose();
  });

  it('steps as SGD with momentum and weight decay in float64', () => {
    const random = createRandom(3);
    const { model, stage, dispose } = firstStage(sum);
    scatter(stage, random);
    let weights = numbersOf(stage.variables);
    const velocity: Record<string, number[]> = {};
    const optimizer = createSgd(stage.variables, 0.9, 0.01);
    for (let step = 0; step < 3; step++) {
      const { batch, inputs, labels: target } = randomBatch(random, ['a', 'b'], 6);
      const gradients = slopes((at) => plainCrossEntropy(fuseRows(at, encodeAll(at, inputs), 'sum'), target), weights);
      trainStep(model, stage, optimizer, batch, { epoch: 0, epochs: 1, step, steps: 3 }, 0.2);
      weights = Object.fromEntries(Object.entries(weights).map(([name, values]) => {
        velocity[name] = values.map((value, index) => gradients[name]![index]! + 0.01 * value + 0.9 * (velocity[name]?.[index] ?? 0));
        return [name, values.map((value, index) => value - 0.2 * velocity[name]![index]!)];
      }));
      for (const [name, values] of Object.entries(weights)) expectClose(numbersOf(stage.variables)[name]!, values, 2e-4, `${name} after step ${step}`, 1e-5);
    }
    expect(Object.keys(velocity)).toHaveLength(12);
    optimizer.dispose();
    dispose();
  });
});
