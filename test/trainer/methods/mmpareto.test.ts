import * as tf from '@tensorflow/tfjs-core';
import type { Scalar } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { integrateEncoder, mmpareto, paretoWeight } from '../../../src/trainer/methods/mmpareto.ts';
import type { NamedTensors } from '../../../src/trainer/model/module.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { affine, encode, encodeAll, expectGradients, fuseRows, gradientsOfStep, numbersOf, plainCrossEntropy, randomBatch, scatter, slopes, squareOf, type Weights } from './samples.ts';
import { firstStage, place } from './stages.ts';

const inner = (left: readonly number[], right: readonly number[]): number => left.reduce((sum, value, index) => sum + value * right[index]!, 0);

/** The combined gradient of one encoder from its tensors, in float64 (methods.md 4.5), with everything on the way. */
function plainCombination(g: Weights, u: Weights, gamma: number, correction: 'tensor' | 'encoder' = 'tensor') {
  const [all, own] = [Object.values(g).flat(), Object.keys(g).flatMap((name) => u[name]!)];
  const [gg, uu, gu] = [squareOf(all), squareOf(own), inner(all, own)];
  const cosine = gu / Math.sqrt(gg * uu);
  let c = 0.5;
  if (!(gu > 0)) c = gu >= gg ? 0.999 : gu >= uu ? 0.001 : (uu - gu) / (gg + uu - 2 * gu);
  const mixed = Object.fromEntries(Object.entries(g).map(([name, values]) => [name, values.map((value, index) => 2 * c * value + 2 * (1 - c) * u[name]![index]!)]));
  const ratio = (names: readonly string[]) => {
    const [sum, length] = [names.flatMap((name) => g[name]!.map((value, index) => value + u[name]![index]!)), names.flatMap((name) => mixed[name]!)];
    return squareOf(length) === 0 ? 1 : Math.sqrt(squareOf(sum) / squareOf(length));
  };
  const ratios = Object.fromEntries(Object.keys(g).map((name) => [name, ratio(correction === 'tensor' ? [name] : Object.keys(g))]));
  return { cosine, c, mixed, ratios, combined: Object.fromEntries(Object.entries(mixed).map(([name, values]) => [name, values.map((value) => gamma * Math.max(1, ratios[name]!) * value)])) };
}

const tensors = (weights: Weights): NamedTensors => Object.fromEntries(Object.entries(weights).map(([name, values]) => [name, tf.tensor1d([...values])]));

/** The method's own combination of the same tensors. */
function combine(g: Weights, u: Weights, gamma: number): { c: number; combined: Weights } {
  const [multimodal, unimodal] = [tensors(g), tensors(u)];
  const weight = paretoWeight(multimodal, unimodal);
  return { c: weight.dataSync()[0]!, combined: numbersOf(integrateEncoder(multimodal, unimodal, weight, gamma, 'tensor')) };
}

interface Golden { g: Weights; u: Weights; cosine: number; c: number; mixed?: Weights; ratios?: Record<string, number>; combined: Weights }
const golden: Golden[] = [
  { g: { t: [1, 0] }, u: { t: [-0.5, 1] }, cosine: -0.4472136, c: 0.53846154, mixed: { t: [0.61538462, 0.92307692] }, ratios: { t: 1.00778222 }, combined: { t: [0.93026051, 1.39539076] } },
  { g: { t: [3, 0] }, u: { t: [-1, 0.5] }, cosine: -0.89442719, c: 0.26153846, mixed: { t: [0.09230769, 0.73846154] }, ratios: { t: 2.77012836 }, combined: { t: [0.38355623, 3.06844987] } },
  { g: { t: [1, 0] }, u: { t: [0.5, 1] }, cosine: 0.4472136, c: 0.5, combined: { t: [2.25, 1.5] } },
  {
    g: { w: [1, 0], b: [0.2] }, u: { w: [-0.5, 1], b: [0.4] }, cosine: -0.34683512, c: 0.556231, mixed: { w: [0.66869301, 0.88753799], b: [0.5775076] },
    ratios: { w: 1.00610586, b: 1.03894737 }, combined: { w: [1.00916393, 1.33943576], b: [0.9] },
  },
];

describe('mmpareto', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it.each(golden)('has the golden combination of $g and $u', ({ g, u, cosine, c, mixed, ratios, combined }) => {
    const plain = plainCombination(g, u, 1.5);
    expectClose([plain.cosine, plain.c], [cosine, c], 1e-7, 'plain cosine and c');
    const own = combine(g, u, 1.5);
    expectClose([own.c], [c], 1e-5, 'c');
    for (const name of Object.keys(g)) {
      if (mixed) expectClose(plain.mixed[name]!, mixed[name]!, 1e-7, `plain h of ${name}`);
      if (ratios) expectClose([plain.ratios[name]!], [ratios[name]!], 1e-7, `plain r of ${name}`);
      expectClose(own.combined[name]!, combined[name]!, 1e-5, `gradient of ${name}`);
    }
  });

  it.each([
    { what: 'no multimodal gradient', g: { t: [0, 0] }, u: { t: [1, -2] }, c: 0.999, combined: { t: [1.5, -3] } },
    { what: 'no unimodal gradient', g: { t: [1, -2] }, u: { t: [0, 0] }, c: 0.001, combined: { t: [1.5, -3] } },
    { what: 'no gradient at all', g: { t: [0, 0] }, u: { t: [0, 0] }, c: 0.999, combined: { t: [0, 0] } },
    { what: 'opposite gradients', g: { t: [1, -2] }, u: { t: [-1, 2] }, c: 0.5, combined: { t: [0, 0] } },
    { what: 'gradients at a right angle', g: { t: [2, 0] }, u: { t: [0, 1] }, c: 0.2, combined: { t: [1.5 * 2, 1.5 * 4].map((value) => value * Math.sqrt(5 / 20)) } },
  ])('is finite and as the rule says with $what', ({ g, u, c, combined }) => {
    const own = combine(g, u, 1.5);
    expectClose([own.c], [c], 1e-5, 'c');
    expectClose(own.combined['t']!, combined.t, 1e-4, 'gradient', 1e-6);
    expectClose(plainCombination(g, u, 1.5).combined['t']!, combined.t, 1e-6, 'plain', 1e-12);
  });

  it.each([
    { modalities: ['a', 'b'], fusion: 'sum', correction: 'tensor' }, { modalities: ['a', 'b', 'c'], fusion: 'concat', correction: 'tensor' },
    { modalities: ['a', 'b'], fusion: 'mean', correction: 'encoder' },
  ] as const)('agrees with the rule in float64: $modalities, $fusion, by $correction', async ({ modalities, fusion, correction }) => {
    const random = createRandom(2);
    const { model, stage, dispose } = firstStage(mmpareto, { modalities, fusion, settings: { correction, gamma: 1.3 } });
    const cosines: number[] = [];
    for (let step = 0; step < 4; step++) {
      scatter(stage, random);
      const { batch, inputs, labels } = randomBatch(random, modalities, 5);
      const weights = numbersOf(stage.variables);
      const { gradients, losses } = await gradientsOfStep(model, stage, batch, { step });
      const joint = (at: Weights) => plainCrossEntropy(fuseRows(at, encodeAll(at, inputs), fusion), labels);
      const alone = (modality: string) => (at: Weights) =>
        plainCrossEntropy(affine(encode(at, modality, inputs[modality]!), at[`auxiliary.${modality}.weight`]!, at[`auxiliary.${modality}.bias`]!), labels);
      const expected: Record<string, readonly number[]> = slopes(joint, weights, Object.keys(weights).filter((name) => !name.startsWith('auxiliary.')));
      for (const modality of modalities) {
        const names = Object.keys(weights).filter((name) => name.startsWith(`${modality}.encoder.`));
        const { cosine, combined } = plainCombination(Object.fromEntries(names.map((name) => [name, expected[name]!])), slopes(alone(modality), weights, names), 1.3, correction);
        cosines.push(cosine);
        Object.assign(expected, combined, slopes(alone(modality), weights, [`auxiliary.${modality}.weight`, `auxiliary.${modality}.bias`]));
        expectClose([losses[`auxiliary.${modality}`]!], [alone(modality)(weights)], 1e-5, `loss of ${modality}`);
      }
      expectGradients(gradients, expected, `step ${step}`);
      expectClose([losses['total']!], [joint(weights)], 1e-5, 'L');
    }
    expect(cosines.some((value) => value > 0) && cosines.some((value) => value < 0), 'agreeing and conflicting gradients').toBe(true);
    dispose();
  });

  it('leaves the auxiliary heads out of the prediction and their gradients as they are', () => {
    const { model, stage, dispose } = firstStage(mmpareto);
    const outputs = model.forward({ a: { values: tf.ones([1, 2]) }, b: { values: tf.ones([1, 2]) } }, { mode: 'evaluate' });
    const before = [...model.fuse(outputs).dataSync()];
    stage.variables['auxiliary.a.bias']!.assign(tf.tensor1d([5, 5, 5]));
    expect([...model.fuse(outputs).dataSync()]).toEqual(before);
    expect(stage.fused).toBeUndefined();
    const gradients = Object.fromEntries(Object.entries(stage.variables).map(([name, variable]) => [name, tf.onesLike(variable)]));
    const modulated = numbersOf(stage.modulate!(gradients, { ...gradients, 'auxiliary.a.bias': tf.tensor1d([4, 5, 6]) }, place()));
    expect([modulated['a.head.bias'], modulated['auxiliary.a.bias']]).toEqual([[1, 1, 1], [4, 5, 6]]);
    dispose();
  });

  it('shows of a modality what its auxiliary head says', () => {
    const random = createRandom(9);
    const { model, stage, dispose } = firstStage(mmpareto);
    scatter(stage, random);
    const { batch, inputs } = randomBatch(random, ['a', 'b'], 3);
    const weights = numbersOf(stage.variables);
    const shown = stage.unimodal!(model.forward(batch.inputs, { mode: 'evaluate' }));
    for (const modality of ['a', 'b']) {
      const rows = affine(encode(weights, modality, inputs[modality]!), weights[`auxiliary.${modality}.weight`]!, weights[`auxiliary.${modality}.bias`]!);
      expectClose(shown[modality]!.dataSync(), rows.flat(), 1e-5, modality, 1e-6);
    }
    dispose();
  });

  it('weighs an encoder as a whole', () => {
    const [g, u] = [tensors({ w: [1, 0], b: [0.2] }), tensors({ w: [-0.5, 1], b: [0.4] })];
    const [whole, part] = [paretoWeight(g, u), paretoWeight({ w: g['w']! }, { w: u['w']! })].map((each: Scalar) => each.dataSync()[0]!);
    expect(whole).not.toBeCloseTo(part!, 3);
  });
});
