import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { dcOnly } from '../../../src/trainer/methods/dcOnly.ts';
import type { FusionKind } from '../../../src/trainer/model/model.ts';
import { expectClose, useBackend } from '../numbers.ts';
import {
  affine, encodeAll, expectGradients, fuseRows, gradientsOfStep, numbersOf, plainCrossEntropy, randomBatch, readingsOf, scatter, shareRows, slopes,
  type Rows, type Weights,
} from './samples.ts';
import { firstStage, softmax } from './stages.ts';

/** Mean Jensen–Shannon divergence of two sets of logits. */
function plainDivergence(left: readonly number[][], right: readonly number[][]): number {
  return left.reduce((sum, row, index) => {
    const [p, q] = [softmax(row), softmax(right[index]!)];
    return sum + p.reduce((inner, value, column) => {
      const mixed = (value + q[column]!) / 2;
      return inner + 0.5 * value * Math.log(value / mixed) + 0.5 * q[column]! * Math.log(q[column]! / mixed);
    }, 0);
  }, 0) / left.length;
}

/** Mean and log variance of an estimator. */
function plainPosterior(estimator: Weights, rows: number[][]): { mean: number[][]; logVariance: number[][] } {
  const network = (name: string) => affine(
    affine(rows, estimator[`${name}.0.weight`]!, estimator[`${name}.0.bias`]!).map((row) => row.map((value) => Math.max(0, value))),
    estimator[`${name}.2.weight`]!, estimator[`${name}.2.bias`]!);
  return { mean: network('mu'), logVariance: network('logvar').map((row) => row.map(Math.tanh)) };
}

/** log q(to_j | from_i) over all pairs, without the constant: its mean over j = i, and over all pairs. */
function plainLogDensities(estimator: Weights, from: number[][], to: number[][]): { own: number; all: number } {
  const { mean, logVariance } = plainPosterior(estimator, from);
  const density = (i: number, j: number) => to[j]!.reduce((sum, value, column) =>
    sum - 0.5 * ((value - mean[i]![column]!) ** 2 * Math.exp(-logVariance[i]![column]!) + logVariance[i]![column]!), 0);
  const size = from.length;
  const indices = from.map((_, index) => index);
  return { own: indices.reduce((sum, i) => sum + density(i, i) / size, 0), all: indices.reduce((sum, i) => sum + indices.reduce((inner, j) => inner + density(i, j) / size ** 2, 0), 0) };
}

const inner = (left: Weights, right: Weights): number =>
  Object.entries(left).reduce((sum, [name, values]) => sum + values.reduce((all, value, index) => all + value * right[name]![index]!, 0), 0);

/** The three losses of a batch and the controller's weights, in float64 (methods.md 7); `estimators` from the first modality to each of the others. */
function plainStep(weights: Weights, estimators: readonly Weights[], inputs: Rows, labels: readonly number[], fusion: FusionKind) {
  const names = Object.keys(inputs);
  const losses = {
    classification: (at: Weights) => plainCrossEntropy(fuseRows(at, encodeAll(at, inputs), fusion), labels),
    consistency: (at: Weights) => {
      const shares = shareRows(at, encodeAll(at, inputs), fusion);
      const pairs = names.flatMap((left, index) => names.slice(index + 1).map((right) => plainDivergence(shares[left]!, shares[right]!)));
      return pairs.reduce((sum, value) => sum + value, 0) / pairs.length;
    },
    complementary: (at: Weights) => {
      const features = encodeAll(at, inputs);
      return estimators.reduce((sum, estimator, index) => {
        const { own, all } = plainLogDensities(estimator, features[names[0]!]!, features[names[index + 1]!]!);
        return sum + (own - all) / 2 / estimators.length;
      }, 0);
    },
  };
  const [cls, con, com] = [slopes(losses.classification, weights), slopes(losses.consistency, weights), slopes(losses.complementary, weights)];
  const xi = [inner(cls, con), inner(cls, com)] as const;
  const total = Math.max(0, xi[0]) + Math.max(0, xi[1]) + 1e-8;
  const alpha = [Math.max(0, xi[0]) / total, Math.max(0, xi[1]) / total] as const;
  const mixed = (first: number, second: number) => Object.fromEntries(Object.keys(cls).map((name) =>
    [name, cls[name]!.map((value, index) => value + first * con[name]![index]! + second * com[name]![index]!)]));
  return { losses: Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, loss(weights)])), xi, alpha, mixed };
}

/** One estimator's variables out of a stage's state. */
function estimatorsOf(state: Weights, names: readonly string[]): Weights[] {
  return names.slice(1).map((to) => {
    const prefix = names.length === 2 ? 'estimator.a.' : `estimator.a.${to}.`;
    return Object.fromEntries(Object.entries(state).filter(([name]) => name.startsWith(prefix)).map(([name, values]) => [name.slice(prefix.length), values]));
  });
}

describe('dc-only', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it.each([
    { modalities: ['a', 'b'], fusion: 'sum', seed: 1 }, { modalities: ['a', 'b'], fusion: 'concat', seed: 2 }, { modalities: ['a', 'b', 'c'], fusion: 'mean', seed: 3 },
  ] as const)('agrees with the definition in float64: $modalities, $fusion', async ({ modalities, fusion, seed }) => {
    const random = createRandom(seed);
    const { model, stage, dispose } = firstStage(dcOnly, { modalities, fusion, settings: { estimatorWidth: 3 } });
    scatter(stage, random);
    const weights = numbersOf(stage.variables);
    let alpha: readonly number[] = [];
    const seen = new Set<string>();
    for (const [epoch, step] of [[0, 0], [0, 1], [1, 0], [2, 0]] as const) {
      const { batch, inputs, labels } = randomBatch(random, modalities, 5);
      const { gradients, losses } = await gradientsOfStep(model, stage, batch, { epoch, step, steps: 2 });
      // The estimators are updated first, and their new values are what the bound uses.
      const expected = plainStep(weights, estimatorsOf(numbersOf(stage.state!), modalities), inputs, labels, fusion);
      const readings = readingsOf(stage);
      if (step === 0) {
        alpha = expected.alpha;
        expectClose([readings['xi.consistency']!, readings['xi.complementary']!], expected.xi, 1e-3, 'xi', 1e-6);
      }
      expectClose([readings['alpha.consistency']!, readings['alpha.complementary']!], alpha, 1e-3, 'alpha', 1e-5);
      seen.add(alpha.map((value) => value > 0).join());
      const mixed = expected.mixed(alpha[0]!, alpha[1]!);
      expectGradients(gradients, mixed, `epoch ${epoch}, step ${step}`);
      for (const modality of modalities) expect(gradients[`${modality}.encoder.fc1.weight`]!.some((value) => value !== 0), modality).toBe(true);
      const { classification, consistency, complementary } = expected.losses as Record<string, number>;
      expectClose([losses['classification']!, losses['consistency']!, losses['complementary']!], [classification!, consistency!, complementary!], 1e-4, 'losses', 1e-6);
      expectClose([losses['total']!], [classification! + alpha[0]! * consistency! + alpha[1]! * complementary!], 1e-4, 'L');
    }
    expect(seen.size, 'which terms count changes from epoch to epoch').toBeGreaterThan(1);
    dispose();
  });

  it('sends the gradients of both terms into both branches, and none into the estimators', async () => {
    const random = createRandom(4);
    const { model, stage, dispose } = firstStage(dcOnly, { settings: { estimatorWidth: 3 } });
    scatter(stage, random);
    const { batch } = randomBatch(random, ['a', 'b'], 5);
    const gradientsWith = async (consistency: number, complementary: number) => {
      stage.state!['alpha.consistency']!.assign(tf.scalar(consistency));
      stage.state!['alpha.complementary']!.assign(tf.scalar(complementary));
      const estimators = Object.entries(stage.state!).filter(([name]) => name.startsWith('estimator'));
      const saved = estimators.map(([, variable]) => tf.clone(variable));
      const { gradients } = await gradientsOfStep(model, stage, batch, { step: 1, steps: 2 });
      estimators.forEach(([, variable], index) => variable.assign(saved[index]!));
      return gradients;
    };
    const [plain, con, com] = [await gradientsWith(0, 0), await gradientsWith(1, 0), await gradientsWith(0, 1)];
    const differs = (left: Weights, name: string) => left[name]!.some((value, index) => Math.abs(value - plain[name]![index]!) > 1e-5);
    for (const modality of ['a', 'b']) {
      expect(differs(con, `${modality}.head.weight`) && differs(con, `${modality}.encoder.fc2.weight`), `consistency to ${modality}`).toBe(true);
      expect(differs(com, `${modality}.encoder.fc2.weight`), `complementary to ${modality}`).toBe(true);
      expect(differs(com, `${modality}.head.weight`), 'features do not depend on the head').toBe(false);
    }
    expect(Object.keys(con).filter((name) => name.startsWith('estimator'))).toEqual([]);
    dispose();
  });

  it('trains the estimators on the likelihood of the features, one step of Adam for a batch', async () => {
    const random = createRandom(5);
    const { model, stage, dispose } = firstStage(dcOnly, { settings: { estimatorWidth: 3, estimatorLearningRate: 0.01 } });
    scatter(stage, random);
    const { batch, inputs } = randomBatch(random, ['a', 'b'], 5);
    const [before] = estimatorsOf(numbersOf(stage.state!), ['a', 'b']) as [Weights];
    await gradientsOfStep(model, stage, batch);
    const [after] = estimatorsOf(numbersOf(stage.state!), ['a', 'b']) as [Weights];
    const features = encodeAll(numbersOf(stage.variables), inputs);
    const gradients = slopes((at) => -plainLogDensities(at, features['a']!, features['b']!).own, before);
    // The first step of Adam has the length of the learning rate in every direction.
    for (const [name, values] of Object.entries(gradients)) {
      const expected = values.map((value, index) => before[name]![index]! - (Math.abs(value) < 1e-7 ? 0 : 0.01 * Math.sign(value)));
      expectClose(after[name]!, expected, 1e-4, name, 1e-5);
    }
    dispose();
  });

  it('takes the anchor of its settings, and the controller\'s batch', async () => {
    const named = firstStage(dcOnly, { modalities: ['a', 'b', 'c'], settings: { anchor: 'b', controllerBatch: 'validation' } });
    const pairs = Object.keys(named.stage.state!).filter((name) => name.startsWith('estimator.') && name.endsWith('mu.0.bias'));
    expect(pairs).toEqual(['estimator.b.a.mu.0.bias', 'estimator.b.c.mu.0.bias']);
    expect(named.stage.probe).toBe('controller');
    named.dispose();

    const random = createRandom(6);
    const { model, stage, dispose } = firstStage(dcOnly, { settings: { controllerBatch: 'validation', controllerInterval: 'batch', estimatorWidth: 3 } });
    scatter(stage, random);
    const { batch } = randomBatch(random, ['a', 'b'], 5);
    const { batch: probe, inputs, labels } = randomBatch(random, ['a', 'b'], 5);
    await gradientsOfStep(model, stage, batch, { step: 1, probe });
    const expected = plainStep(numbersOf(stage.variables), estimatorsOf(numbersOf(stage.state!), ['a', 'b']), inputs, labels, 'sum');
    const readings = readingsOf(stage);
    expectClose([readings['xi.consistency']!, readings['xi.complementary']!], expected.xi, 1e-3, 'xi of the probe', 1e-6);
    dispose();
  });
});
