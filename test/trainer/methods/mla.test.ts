import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { createMlpEncoder } from '../../../src/trainer/encoders/mlp.ts';
import { confidenceFusion, mla, projectionStep, projectOut } from '../../../src/trainer/methods/mla.ts';
import { createSgd } from '../../../src/trainer/model/optimizer.ts';
import { trainStep } from '../../../src/trainer/loop/trainStep.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { affine, encode, fixtureF, matrix, numbersOf, plainCrossEntropy, randomBatch, scatter, slopes, type Rows, type Weights } from './samples.ts';
import { encoderKind, firstStage, normalRows, outputsOf, softmax } from './stages.ts';

const { z1, z2 } = fixtureF;

/** Entropy of softmax(row), nats. */
function entropy(row: readonly number[]): number {
  return -softmax(row).reduce((sum, p) => sum + p * Math.log(p), 0);
}

/** Settings of MLA that change its training. */
interface Variant {
  readonly projection?: 'owm' | 'owm_frobenius' | 'none';
  readonly projectionSource?: 'previous' | 'current';
}

/** The alternating steps of MLA in float64 (methods.md 4.12), with SGD with momentum that skips what has no gradient. */
class PlainMla {
  weights: Weights;
  projector: number[][];
  private previous: number[] | undefined;
  private readonly velocity: Record<string, number[]> = {};
  private readonly variant: Variant;

  constructor(weights: Weights, variant: Variant) {
    this.weights = weights;
    this.variant = variant;
    this.projector = [[1, 0], [0, 1]];
  }

  step(inputs: Rows, labels: readonly number[], share: number, learningRate: number): void {
    for (const modality of Object.keys(inputs)) {
      const rows = inputs[modality]!;
      const loss = (at: Weights) => plainCrossEntropy(affine(encode(at, modality, rows), at['head.weight']!, at['head.bias']!), labels);
      const names = Object.keys(this.weights).filter((name) => name.startsWith(`${modality}.`) || name.startsWith('head.'));
      const gradients = slopes(loss, this.weights, names);
      const features = encode(this.weights, modality, rows);
      const mean = [0, 1].map((column) => features.reduce((sum, row) => sum + row[column]! / rows.length, 0));
      // The very first sub-step of a run is never projected.
      const guarded = this.previous && (this.variant.projectionSource === 'current' ? mean : this.previous);
      if (guarded && this.variant.projection !== 'none') {
        this.project(guarded, 0.1 ** (share + 1));
        // The head's weight is [d, C] here, its rows in methods.md are our columns: grad W P there is P^T grad W here.
        const old = gradients['head.weight']!;
        const classes = old.length / 2;
        gradients['head.weight'] = [0, 1].flatMap((row) => Array.from({ length: classes }, (_, column) => [0, 1].reduce((sum, inner) => sum + this.projector[inner]![row]! * old[inner * classes + column]!, 0)));
      }
      this.previous = mean;
      this.weights = { ...this.weights, ...Object.fromEntries(names.map((name) => {
        this.velocity[name] = gradients[name]!.map((value, index) => value + 0.9 * (this.velocity[name]?.[index] ?? 0));
        return [name, this.weights[name]!.map((value, index) => value - learningRate * this.velocity[name]![index]!)];
      })) };
    }
  }

  private project(r: readonly number[], step: number): void {
    const k = this.projector.map((row) => row[0]! * r[0]! + row[1]! * r[1]!);
    const scale = step + r[0]! * k[0]! + r[1]! * k[1]!;
    const next = this.projector.map((row, i) => row.map((value, j) => value - k[i]! * k[j]! / scale));
    const norm = this.variant.projection === 'owm_frobenius' ? Math.sqrt(next.flat().reduce((sum, value) => sum + value * value, 0)) : 1;
    this.projector = next.map((row) => row.map((value) => value / norm));
  }
}

describe('mla', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('fuses F with the golden confidences', () => {
    const entropies = [z1, z2].map((rows) => rows.map(entropy));
    expectClose(entropies.flat(), [0.6215846, 1.02909474, 1.09528727, 1.01249625], 1e-6, 'the plain entropies');
    const weights = entropies[0]!.map((first, index) => 1 / (1 + Math.exp(first - entropies[1]![index]!)));
    expectClose(weights, [0.61625975, 0.49585047], 1e-6, 'the plain weights');
    expectClose(confidenceFusion([matrix(z1), matrix(z2)]).dataSync(), [1.34764158, 0.38487793, -0.57788573, -0.15290467, 0.25124486, 0.74875514], 1e-5, 'fused');
  });

  it('has the golden projections', () => {
    const first = projectOut(tf.eye(2), tf.tensor1d([1, 2]), 0.1);
    expectClose(first.dataSync(), [0.80392157, -0.39215686, -0.39215686, 0.21568627], 1e-5, 'P');
    const gradient = tf.transpose(matrix([[1, 0], [0, 1], [1, 2]]));
    expectClose(tf.transpose(tf.matMul(first, gradient as Tensor2D)).dataSync(), [0.80392157, -0.39215686, -0.39215686, 0.21568627, 0.01960784, 0.03921569], 1e-5, 'grad W P');
    expectClose([projectionStep(1, 4)], [0.05623413], 1e-6, 'a');
    expectClose(projectOut(first, tf.tensor1d([1, 0.5]), projectionStep(1, 4)).dataSync(), [0.09601041, -0.06103713, -0.06103713, 0.06080769], 1e-5, 'next P');
    expect([projectionStep(0, 8), projectionStep(8, 8)].map((value) => Number(value.toFixed(12)))).toEqual([0.1, 0.01]);
  });

  it('weights the modalities of each sample by exp(-entropy)', () => {
    const random = createRandom(3);
    const logits = [0, 1, 2].map(() => normalRows(random, 6, 4).map((row) => row.map((value) => 3 * value)));
    const expected = logits[0]!.flatMap((_, sample) => {
      const confidence = logits.map((rows) => Math.exp(-entropy(rows[sample]!)));
      const total = confidence.reduce((sum, value) => sum + value);
      return [0, 1, 2, 3].map((column) => logits.reduce((sum, rows, index) => sum + rows[sample]![column]! * confidence[index]! / total, 0));
    });
    expectClose(confidenceFusion(logits.map(matrix)).dataSync(), expected, 1e-5, 'fused', 1e-6);
    const { stage, dispose } = firstStage(mla, { modalities: ['a', 'b', 'c'] });
    const outputs = outputsOf({ a: logits[0]!, b: logits[1]!, c: logits[2]! });
    expectClose(stage.fused!(outputs).dataSync(), expected, 1e-5, 'the stage', 1e-6);
    dispose();
    const fixed = firstStage(mla, { settings: { fusion: 'fixed' } });
    expectClose(fixed.stage.fused!(outputsOf({ a: [[1, 2, 3]], b: [[3, 0, 1]] })).dataSync(), [2, 1, 2], 1e-6, 'fixed');
    fixed.dispose();
  });

  it.each([
    { modalities: ['a', 'b'] }, { modalities: ['a', 'b', 'c'] }, { modalities: ['a', 'b'], projection: 'none' },
    { modalities: ['a', 'b'], projection: 'owm_frobenius' }, { modalities: ['a', 'b'], projectionSource: 'current' },
  ] as const)('agrees with the alternating steps in float64: %o', ({ modalities, ...variant }) => {
    const random = createRandom(11);
    const { model, stage, dispose } = firstStage(mla, { modalities, settings: variant });
    scatter(stage, random);
    const plain = new PlainMla(numbersOf(stage.variables), variant);
    const optimizer = createSgd(stage.variables, 0.9, 0);
    for (const [epoch, step] of [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1]] as const) {
      const { batch, inputs, labels } = randomBatch(random, modalities, 5);
      plain.step(inputs, labels, step / 3, 0.1);
      trainStep(model, stage, optimizer, batch, { epoch, epochs: 2, step, steps: 3 }, 0.1);
      for (const [name, values] of Object.entries(plain.weights)) expectClose(numbersOf(stage.variables)[name]!, values, 2e-4, `${name} after ${epoch}:${step}`, 2e-5);
      expectClose(stage.state!['projector']!.dataSync(), plain.projector.flat(), 5e-4, 'P', 2e-5);
    }
    optimizer.dispose();
    dispose();
  });

  it('moves only the branch whose turn it is, and projects from the second turn on', () => {
    const random = createRandom(1);
    const { model, stage, dispose } = firstStage(mla, { modalities: ['a', 'b'] });
    const seen: { names: string[]; projector: number[] }[] = [];
    const modulate = stage.modulate!;
    const watched = { ...stage, modulate: (...given: Parameters<typeof modulate>) => {
      seen.push({ names: Object.keys(given[0]).sort(), projector: Array.from(stage.state!['projector']!.dataSync()) });
      return modulate(...given);
    } };
    const optimizer = createSgd(stage.variables, 0, 0);
    const { batch } = randomBatch(random, ['a', 'b'], 4);
    trainStep(model, watched, optimizer, batch, { epoch: 0, epochs: 1, step: 0, steps: 2 }, 0.1);
    trainStep(model, watched, optimizer, batch, { epoch: 0, epochs: 1, step: 1, steps: 2 }, 0.1);
    const names = (modality: string) => ['bias', 'weight'].flatMap((kind) => [`${modality}.encoder.fc1.${kind}`, `${modality}.encoder.fc2.${kind}`, `head.${kind}`]).sort();
    expect(seen.map((each) => each.names)).toEqual([names('a'), names('b'), names('a'), names('b')]);
    expect(seen.map((each) => each.projector.join() === '1,0,0,1'), 'untouched by the very first turn only').toEqual([true, true, false, false]);
    optimizer.dispose();
    dispose();
  });

  it('refuses encoders that do not give equally many features', () => {
    let size = 2;
    const encoder = encoderKind((_shape, random) => createMlpEncoder([2, 4, size++], random));
    expect(() => firstStage(mla, { encoder })).toThrow(/equally many features \(a: 2, b: 3\)/);
  });

  it('gives every modality the logits of the one head', () => {
    const { model, dispose } = firstStage(mla);
    const features = { a: matrix([[1, 2]]), b: matrix([[1, 2]]) };
    const { logits } = model.classify(features);
    expect(Array.from((logits['a'] as Tensor).dataSync())).toEqual(Array.from((logits['b'] as Tensor).dataSync()));
    dispose();
  });
});
