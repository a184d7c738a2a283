import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../../src/core/random.ts';
import { deviationOf, modulatable, modulationCoefficients, ogm } from '../../../src/trainer/methods/ogm.ts';
import { expectClose, useBackend } from '../numbers.ts';
import {
  convolutional, encodeAll, expectGradients, fixtureF, fuseRows, gradientsOfStep, matrix, numbersOf, plainCrossEntropy, plainScore, randomBatch, randomImages,
  readingsOf, scatter, shareRows, slopes, type Weights,
} from './samples.ts';
import { batchOf, firstStage, outputsOf, place } from './stages.ts';

const { z1, z2, labels } = fixtureF;
const coefficients = (scores: number[], alpha: number) => modulationCoefficients(tf.tensor1d(scores), alpha).dataSync();

/** Unbiased standard deviation. */
function plainDeviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** A stream whose normal numbers are all 1, so that the noise is its deviation. */
const ones = (): Random => ({ ...createRandom(0), normal: () => 1 });

describe('ogm', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden scores, coefficients and deviation', () => {
    const { stage, dispose } = firstStage(ogm);
    const { scores } = stage.signals!(outputsOf({ a: z1, b: z2 }), batchOf(labels, 3), place());
    expectClose(scores!.dataSync(), [1.29949429, 0.83193541], 1e-5, 's');
    for (const [alpha, golden] of [[0.1, 0.84505676], [0.3, 0.56292929], [0.8, 0.15182555]] as const) {
      expectClose(modulationCoefficients(scores as tf.Tensor1D, alpha).dataSync(), [golden, 1], 1e-5, `k, alpha ${alpha}`);
    }
    expectClose(coefficients([1.2, 0.8, 0.6], 0.3), [0.46295043, 0.62005104, 1], 1e-5, 'three modalities');
    expectClose(deviationOf(matrix([[0.1, -0.2], [0.3, 0.4]])).dataSync(), [0.26457513], 1e-5, 'std');
    dispose();
  });

  it('damps none of two equal modalities, and the weaker one never', () => {
    expectClose(coefficients([0.7, 0.7], 0.3), [1, 1], 1e-6, 'equal');
    expectClose(coefficients([0.2, 0.5], 0.3), [1, 1 - Math.tanh(0.3 * 2.5)], 1e-5, 'second ahead');
    expectClose(deviationOf(tf.tensor1d([3])).dataSync(), [0], 1e-6, 'a single value');
  });

  it('modulates convolution kernels alone, or all matrices where there are none', () => {
    const ranks = { kernel: tf.zeros([1, 1, 1, 2]), matrix: tf.zeros([2, 2]), sequence: tf.zeros([2, 2, 2]), bias: tf.zeros([2]) };
    expect(modulatable(ranks)).toEqual(['kernel']);
    const { kernel: _, ...others } = ranks;
    expect(modulatable(others)).toEqual(['matrix', 'sequence']);
  });

  it.each([
    { modalities: ['a', 'b'], fusion: 'sum', variant: 'ogm' }, { modalities: ['a', 'b'], fusion: 'concat', variant: 'ogm-ge' },
    { modalities: ['a', 'b', 'c'], fusion: 'mean', variant: 'ogm-ge' },
  ] as const)('agrees with the rule in float64: $modalities, $fusion, $variant', async ({ modalities, fusion, variant }) => {
    const random = createRandom(3);
    const { model, stage, dispose } = firstStage(ogm, { modalities, fusion, settings: { variant, alpha: 0.4 }, random: ones });
    for (let step = 0; step < 3; step++) {
      scatter(stage, random);
      const { batch, inputs, labels: target } = randomBatch(random, modalities, 6);
      const weights = numbersOf(stage.variables);
      const shares = shareRows(weights, encodeAll(weights, inputs), fusion);
      const scores = modalities.map((modality) => plainScore(shares[modality]!, target));
      const expected: Record<string, readonly number[]> = slopes((at: Weights) => plainCrossEntropy(fuseRows(at, encodeAll(at, inputs), fusion), target), weights);
      modalities.forEach((modality, index) => {
        const rho = scores[index]! / Math.min(...scores);
        const k = rho > 1 ? 1 - Math.tanh(0.4 * rho) : 1;
        for (const name of [`${modality}.encoder.fc1.weight`, `${modality}.encoder.fc2.weight`]) {
          // Of the gradient before it is damped, also where nothing is damped.
          const noise = variant === 'ogm' ? 0 : plainDeviation(expected[name]!) + 1e-8;
          expected[name] = expected[name]!.map((value) => k * value + noise);
        }
      });
      expectGradients((await gradientsOfStep(model, stage, batch, { step })).gradients, expected, `step ${step}`);
    }
    dispose();
  });

  it('changes the convolution kernels and nothing else', async () => {
    const random = createRandom(5);
    const batch = batchOf([0, 1, 2, 0], 3, { inputs: { a: randomImages(random, 4), b: randomImages(random, 4) } });
    const step = async (settings: Record<string, unknown>) => {
      const { model, stage, dispose } = firstStage(ogm, { ...convolutional, settings });
      const { gradients } = await gradientsOfStep(model, stage, batch, { epoch: 1 });
      dispose();
      return gradients;
    };
    const [modulated, plain] = [await step({}), await step({ windowEnd: 0 })];
    const changed = Object.keys(plain).filter((name) => plain[name]!.some((value, index) => value !== modulated[name]![index]));
    expect(changed).toEqual(['a', 'b'].flatMap((modality) => [1, 2, 3, 4].map((layer) => `${modality}.encoder.conv${layer}.weight`)));
  });

  it('draws its noise for every tensor and step from the seed, normally distributed', async () => {
    const random = createRandom(1);
    const { model, stage, dispose } = firstStage(ogm, { featureSize: 64, settings: { alpha: 0 } });
    scatter(stage, random);
    const { batch } = randomBatch(random, ['a', 'b'], 4);
    const at = async (epoch: number, step: number) => (await gradientsOfStep(model, stage, batch, { epoch, step })).gradients;
    const first = await at(0, 0);
    expect(await at(0, 0), 'the same step again').toEqual(first);
    const plain = await at(9, 0);
    const name = 'a.encoder.fc2.weight';
    const noise = (gradients: Weights, of: string) => gradients[of]!.map((value, index) => (value - plain[of]![index]!) / plainDeviation(plain[of]!));
    const drawn = noise(first, name);
    expect(Math.abs(drawn.reduce((sum, value) => sum + value, 0) / drawn.length)).toBeLessThan(0.2);
    expect(plainDeviation(drawn)).toBeGreaterThan(0.85);
    expect(plainDeviation(drawn)).toBeLessThan(1.15);
    for (const other of [noise(await at(0, 1), name), noise(await at(1, 0), name), noise(first, 'b.encoder.fc2.weight')]) {
      const correlation = drawn.reduce((sum, value, index) => sum + value * other[index]!, 0) / drawn.length;
      expect(Math.abs(correlation)).toBeLessThan(0.25);
    }
    dispose();
  });

  it('modulates within its window, both ends included', async () => {
    const random = createRandom(2);
    const { model, stage, dispose } = firstStage(ogm, { settings: { windowStart: 0.2, windowEnd: 0.5 }, random: ones });
    scatter(stage, random);
    const { batch, inputs, labels: target } = randomBatch(random, ['a', 'b'], 6);
    const plain = slopes((at) => plainCrossEntropy(fuseRows(at, encodeAll(at, inputs), 'sum'), target), numbersOf(stage.variables));
    for (const epoch of [0, 1, 2, 3, 5, 6, 9]) {
      const { gradients } = await gradientsOfStep(model, stage, batch, { epoch, epochs: 10 });
      const [now, before] = [gradients['a.encoder.fc1.weight']!, plain['a.encoder.fc1.weight']!];
      const changed = now.some((value, index) => Math.abs(value - before[index]!) > 1e-4);
      expect(changed, `epoch ${epoch}`).toBe(epoch >= 2 && epoch <= 5);
      if (!changed) expect(Object.values(readingsOf(stage))).toEqual([1, 1]);
    }
    dispose();
  });
});
