import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import type { Batch, Stage } from '../../../src/trainer/method.ts';
import { dcOnly } from '../../../src/trainer/methods/dcOnly.ts';
import type { MultimodalModel } from '../../../src/trainer/model.ts';
import type { NamedTensors } from '../../../src/trainer/module.ts';
import { gradientsOf } from '../../../src/trainer/optimizer.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { batchOf, firstStage, normalRows, outputsOf, place, softmax } from './stages.ts';

const mean = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0) / values.length;

/** Jensen–Shannon divergence of two rows of logits, nats. */
function divergence(left: readonly number[], right: readonly number[]): number {
  const [p, q] = [softmax(left), softmax(right)];
  return p.reduce((sum, value, index) => {
    const middle = (value + q[index]!) / 2;
    return sum + (value * Math.log(value / middle) + q[index]! * Math.log(q[index]! / middle)) / 2;
  }, 0);
}

/** CLUB's bound over all pairs of the batch, from the estimator's weights in the stage's state. */
function bound(stage: Stage, estimator: string, from: readonly number[][], to: readonly number[][]): number {
  const layer = (name: string, input: readonly number[]): number[] => {
    const weight = (stage.state![`estimator.${estimator}.${name}.weight`]! as unknown as Tensor2D).arraySync();
    const bias = stage.state![`estimator.${estimator}.${name}.bias`]!.dataSync();
    return Array.from(bias, (value, column) => input.reduce((sum, each, row) => sum + each * weight[row]![column]!, value));
  };
  const network = (name: string, input: readonly number[]) => layer(`${name}.2`, layer(`${name}.0`, input).map((value) => Math.max(0, value)));
  const distance = (mu: number, logVariance: number, value: number) => ((value - mu) ** 2) / Math.exp(logVariance);
  return mean(from.map((row, sample) => {
    const mu = network('mu', row);
    const logVariance = network('logvar', row).map(Math.tanh);
    return mu.reduce((sum, each, column) => {
      const others = mean(to.map((other) => distance(each, logVariance[column]!, other[column]!)));
      return sum + (others - distance(each, logVariance[column]!, to[sample]![column]!)) / 2;
    }, 0);
  }));
}

function setAlpha(stage: Stage, consistency: number, complementary: number): void {
  stage.state!['alpha.consistency']!.assign(tf.scalar(consistency));
  stage.state!['alpha.complementary']!.assign(tf.scalar(complementary));
}

/** A batch with inputs [B, 2] for the small model's encoders. */
function inputBatch(modalities: readonly string[], seed: number): Batch {
  const random = createRandom(seed);
  return batchOf([0, 1, 2, 1, 0, 2], 3, { inputs: Object.fromEntries(modalities.map((modality) => [modality, tf.tensor2d(normalRows(random, 6, 2))])) });
}

const read = (stage: Stage, name: string): number => stage.state![name]!.dataSync()[0]!;

describe('dc-only', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it.each([
    { modalities: ['a', 'b'], anchor: 'first', reduction: 'mean', estimators: { b: 'a' }, from: 'a' },
    { modalities: ['a', 'b'], anchor: 'b', reduction: 'sum', estimators: { a: 'b' }, from: 'b' },
    { modalities: ['a', 'b', 'c'], anchor: 'b', reduction: 'mean', estimators: { a: 'b.a', c: 'b.c' }, from: 'b' },
  ])('of $modalities from $anchor has the loss of its definition, in float64', ({ modalities, anchor, reduction, estimators, from }) => {
    const settings = { anchor, estimatorWidth: 4, consistencyReduction: reduction, complementaryReduction: reduction };
    const { stage, dispose } = firstStage(dcOnly, { modalities, settings, featureSize: 3 });
    const random = createRandom(9);
    const make = (columns: number) => Object.fromEntries(modalities.map((modality) => [modality, normalRows(random, 5, columns)]));
    const [logits, features] = [make(3), make(3)];
    const labels = [0, 1, 2, 2, 0];
    setAlpha(stage, 0.3, 0.6);
    const terms = stage.loss(outputsOf(logits, features), batchOf(labels, 3), place());

    const fused = labels.map((_, sample) => [0, 1, 2].map((column) => modalities.reduce((sum, each) => sum + logits[each]![sample]![column]!, 0)));
    const classification = mean(labels.map((label, sample) => -Math.log(softmax(fused[sample]!)[label]!)));
    const pairs = modalities.flatMap((left, index) => modalities.slice(index + 1).map((right) => [left, right] as const));
    const consistency = mean(pairs.map(([left, right]) =>
      mean(labels.map((_, sample) => divergence(logits[left]![sample]!, logits[right]![sample]!))) * (reduction === 'mean' ? 1 : labels.length)));
    const complementary = mean(Object.entries(estimators).map(([to, name]) =>
      bound(stage, name, features[from]!, features[to]!) / (reduction === 'mean' ? 3 : 1)));
    const numbers = ['classification', 'consistency', 'complementary', 'total'].map((name) => terms[name]!.dataSync()[0]!);
    expectClose(numbers, [classification, consistency, complementary, classification + 0.3 * consistency + 0.6 * complementary], 1e-5, 'terms', 1e-6);
    dispose();
  });

  it('sends the gradients of all terms into all branches', () => {
    const modalities = ['a', 'b'];
    const { model, stage, dispose } = firstStage(dcOnly, { modalities });
    const batch = inputBatch(modalities, 10);
    const norms = (term: string) => {
      const { gradients } = gradientsOf(() => stage.loss(model.forward(batch.inputs, 'train'), batch, place())[term]!, stage.variables);
      const of = (part: string) => Object.entries(gradients).filter(([name]) => name.startsWith(part)).some(([, each]) => tf.max(tf.abs(each)).dataSync()[0]! > 0);
      return ['a.encoder.', 'b.encoder.', 'a.head.', 'b.head.'].map(of);
    };
    expect(norms('classification')).toEqual([true, true, true, true]);
    expect(norms('consistency')).toEqual([true, true, true, true]);
    expect(norms('complementary')).toEqual([true, true, false, false]);
    dispose();
  });

  it.each(['sum', 'concat'] as const)('sets alpha by how far the terms agree with the classification (%s)', (fusion) => {
    const modalities = ['a', 'b'];
    const { model, stage, dispose } = firstStage(dcOnly, { modalities, fusion, featureSize: 4 });
    const batch = inputBatch(modalities, 11);
    stage.beforeLoss!(model.forward(batch.inputs, 'train'), batch, place());
    const value = (term: string): Scalar => stage.loss(model.forward(batch.inputs, 'probe'), batch, place())[term]!;
    // The alignment of two gradients is how fast one loss changes along the gradient of the other.
    const along = (term: string): number => {
      const { gradients } = gradientsOf(() => value(term), stage.variables);
      const step = 1e-2 / lengthOf(gradients);
      const changed = (by: number): number => {
        for (const [name, gradient] of Object.entries(gradients)) stage.variables[name]!.assign(tf.add(stage.variables[name]!, tf.mul(gradient, by)));
        return value('classification').dataSync()[0]!;
      };
      const [above, below] = [changed(step), changed(-2 * step)];
      changed(step);
      return (above - below) / (2 * step);
    };
    const xi = [along('consistency'), along('complementary')];
    expectClose([read(stage, 'xi.consistency'), read(stage, 'xi.complementary')], xi, 2e-2, 'xi', 1e-4);
    const positive = xi.map((each) => Math.max(0, each));
    const sum = positive[0]! + positive[1]!;
    expect(sum, 'the case says something').toBeGreaterThan(1e-3);
    expectClose([read(stage, 'alpha.consistency'), read(stage, 'alpha.complementary')], positive.map((each) => each / sum), 2e-2, 'alpha', 1e-2);
    dispose();
  });

  it('controls on the first batch of an epoch, or as the settings say', () => {
    const modalities = ['a', 'b'];
    const alphas = (settings: Record<string, unknown>, probed: boolean) => {
      const { model, stage, dispose } = firstStage(dcOnly, { modalities, settings, featureSize: 4 });
      expect(stage.probe).toBe(probed ? 'controller' : undefined);
      const probe = inputBatch(modalities, 12);
      const found = [0, 1].map((step) => {
        stepOf(model, stage, inputBatch(modalities, 13 + step), { step, ...(probed ? { probe } : {}) });
        return [read(stage, 'xi.consistency'), read(stage, 'xi.complementary')];
      });
      dispose();
      return found;
    };
    const [first, second] = alphas({}, false);
    expect(second).toEqual(first);
    const everyBatch = alphas({ controllerInterval: 'batch' }, false);
    expect(everyBatch[0]).toEqual(first);
    expect(everyBatch[1]).not.toEqual(first);
    expect(alphas({ controllerBatch: 'validation' }, true)[0]).not.toEqual(first);
  });
});

function lengthOf(gradients: NamedTensors): number {
  return Math.sqrt(Object.values(gradients).reduce((sum, gradient) => sum + tf.sum(tf.square(gradient)).dataSync()[0]!, 0));
}

/** The stage's work of a step before its loss; the model stays as it is. */
function stepOf(model: MultimodalModel, stage: Stage, batch: Batch, at: { step: number; probe?: Batch }): void {
  stage.beforeLoss!(model.forward(batch.inputs, 'train'), batch, place(at));
}
