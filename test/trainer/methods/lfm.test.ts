import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { divergence, fittedWeight, gap, hessianTimes, hypergradient, lfm } from '../../../src/trainer/methods/lfm.ts';
import { gradientsOf } from '../../../src/trainer/optimizer.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { metricsOf, smallConfig, trainHere, trainInPieces } from '../session.ts';
import { batchOf, firstStage, normalRows, outputsOf, place, softmax } from './stages.ts';

// The golden fixture F of methods.md 3.7.
const z1 = [[2, 0.5, -1], [0.2, 0.1, 0.9]];
const z2 = [[0.3, 0.2, 0.1], [-0.5, 0.4, 0.6]];
const labels = [0, 2];

/** A config of the method with this schedule and a step that moves the weight visibly. */
const configWith = (schedule: string, weightLearningRate: number) =>
  smallConfig({ method: { name: 'lfm', schedule, weightLearningRate, halveEvery: 2 }, training: { epochs: 4, batchSize: 32, learningRate: 0.05 } });

describe('lfm', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('has the golden gap in both directions', () => {
    const [left, right] = [tf.tensor2d(z1), tf.tensor2d(z2)];
    expectClose(divergence(left, right, 'reversed').dataSync(), [0.12971055, 0.01640619], 1e-5, 'reversed');
    expectClose(gap([left, right], 'reversed').dataSync(), [0.07305837], 1e-5, 'mean');
    expectClose(divergence(left, right, 'js').dataSync(), [0.10826448, 0.01608422], 1e-5, 'js');
    expectClose(gap([left, right], 'js').dataSync(), [0.06217435], 1e-5, 'mean of js');
  });

  it('has the golden weights, at the same share of a shorter run', () => {
    const golden = { 0: 0.20462370, 1: 0.20809851, 10: 0.24775890, 25: 0.32780383, 50: 0.43668070, 75: 0.49232457, 100: 0.53915520, 125: 0.64169365, 150: 0.82131421, 175: 0.99299618, 199: 0.91598875 };
    for (const [epoch, weight] of Object.entries(golden)) {
      expect(fittedWeight(Number(epoch), 200), epoch).toBeCloseTo(weight, 8);
      expect(fittedWeight(Number(epoch) / 25, 8), `${epoch} of 200 in 8`).toBeCloseTo(weight, 8);
    }
  });

  it('has the golden loss, and fuses by the mean', async () => {
    const { stage, dispose } = firstStage(lfm, { epochs: 200 });
    const loss = async (epoch: number) => {
      await stage.startEpoch!(epoch, undefined as never);
      return stage.loss(outputsOf({ a: z1, b: z2 }), batchOf(labels, 3), place({ epoch, epochs: 200 }));
    };
    const terms = await loss(10);
    expectClose(terms.total.dataSync(), [0.40752145], 1e-5, 'L');
    expectClose(terms['classification']!.dataSync(), [0.60059685], 1e-5, 'CE of the mean');
    expectClose((await loss(175)).total.dataSync(), [2 * (0.95 * 0.60059685 + 0.05 * 0.07305837)], 1e-5, 'weight cut at 0.95');
    expectClose(stage.fused!(outputsOf({ a: z1, b: z2 })).dataSync(), z1.flatMap((row, sample) => row.map((value, column) => (value + z2[sample]![column]!) / 2)), 1e-6, 'fused');
    dispose();
  });

  it.each(['reversed', 'js'] as const)('agrees with the formula in float64 for three modalities, %s, probabilities near 0 included', (kind) => {
    const random = createRandom(8);
    const logits = [1, 3, 12].map((scale) => normalRows(random, 5, 4).map((row) => row.map((value) => value * scale)));
    const pairs = [[0, 1], [0, 2], [1, 2]] as const;
    const expected = pairs.map(([left, right]) => logits[left]!.reduce((sum, _, sample) => {
      const [p, q] = [softmax(logits[left]![sample]!), softmax(logits[right]![sample]!)];
      const divergenceOf = (from: number[], to: number[]) => from.reduce((total, value, index) => total + value * Math.log(value / to[index]!), 0);
      const mixture = p.map((value, index) => (value + q[index]!) / 2);
      return sum + [p, q].reduce((total, each) => total + (kind === 'js' ? divergenceOf(each, mixture) : divergenceOf(mixture, each)) / 2, 0);
    }, 0) / 5).reduce((sum, each) => sum + each, 0) / 3;
    expectClose(gap(logits.map((rows) => tf.tensor2d(rows)), kind).dataSync(), [expected], 1e-5, 'A');
  });

  it('has the golden hypergradient', () => {
    const of = (...values: number[]) => ({ weight: tf.tensor1d(values) });
    expectClose(hypergradient(of(0.5, -1), of(0.4, -0.8), of(-0.2, 0.1), 0.01).dataSync(), [0.012], 1e-5, 'dL/da');
  });

  it('multiplies by the Hessian, and leaves every variable bit for bit as it was', () => {
    const [x, y] = [[0.3, -0.7], [1.1]].map((values) => tf.tidy(() => tf.variable(tf.tensor1d(values))));
    const variables = { x: x!, y: y! };
    const before = [...x!.dataSync(), ...y!.dataSync()];
    // f = sum x³ + y² · sum x, so H v = (6 x v_x + 2 y v_y, 2 y sum v_x + 2 sum x · v_y).
    const f = (): Scalar => tf.add(tf.sum(tf.mul(tf.square(x!), x!)), tf.mul(tf.sum(tf.square(y!)), tf.sum(x!)));
    const product = hessianTimes(() => gradientsOf(f, variables).gradients, variables, { x: tf.tensor1d([2, 1]), y: tf.tensor1d([-3]) });
    expectClose(product['x']!.dataSync(), [6 * 0.3 * 2 - 6.6, 6 * -0.7 * 1 - 6.6], 1e-3, 'x');
    expectClose(product['y']!.dataSync(), [2.2 * 3 + 2 * -0.4 * -3], 1e-3, 'y');
    expect([...x!.dataSync(), ...y!.dataSync()]).toEqual(before);
    tf.dispose([x!, y!]);
  });

  it('keeps 16 samples away from training and learns the weight from 8 of them', async () => {
    const { stage, dispose } = firstStage(lfm, { settings: { schedule: 'learned', weightLearningRate: 0 } });
    const seen: number[][] = [];
    const inputs = { a: tf.ones([8, 2]), b: tf.ones([8, 2]) };
    for (const epoch of [0, 1]) {
      await stage.startEpoch!(epoch, {
        labels: () => new Array<number>(40).fill(0),
        withBatch: (split: string, rows: Int32Array, _modalities: unknown, use: (batch: unknown) => void) => {
          expect(split).toBe('train');
          seen.push([...rows]);
          tf.tidy(() => use({ ...batchOf(new Array<number>(8).fill(1), 3), inputs }));
        },
      } as never);
      const rows = [...stage.entries!(epoch)!.rows];
      expect(rows).toHaveLength(24);
      expect(rows.some((row) => seen[epoch]!.includes(row))).toBe(false);
      expect(rows).toEqual([...rows].sort((left, right) => left - right));
    }
    expect(seen[0]).toHaveLength(8);
    expect(seen[1]).toEqual(seen[0]);
    expectClose(stage.readings!()['weight.gap']!.dataSync(), [0.95], 1e-6, 'start');
    dispose();
  });

  it.each([['learned', 500], ['bilevel', 1]] as const)('%s moves the weight within its limits, and resumes bit for bit', async (schedule, rate) => {
    const config = configWith(schedule, rate);
    const { run, weights, tensors } = await trainHere(config);
    const path = run.stages[0]!.epochs.map((epoch) => epoch.readings!['weight.gap']!);
    expect(new Set(path).size, path.join(' ')).toBeGreaterThan(1);
    for (const weight of path) expect(weight).toSatisfy((value: number) => value >= 0.05 - 1e-6 && value <= 0.95 + 1e-6);
    expect(new Set(tensors['joint']).size, `${tensors['joint']!.join(' ')} tensors`).toBe(1);
    const pieces = await trainInPieces(config);
    expect(metricsOf(pieces.run)).toEqual(metricsOf(run));
    expect(pieces.weights).toEqual(weights);
  });

  it('bilevel follows the slope of the validation loss after the virtual step', async () => {
    const { model, stage, dispose } = firstStage(lfm, { settings: { schedule: 'bilevel', weightLearningRate: 1 }, classes: 2 });
    const random = createRandom(9);
    const drawn = () => ({ ...batchOf([0, 1, 0, 1], 2), inputs: { a: tf.tensor2d(normalRows(random, 4, 2)), b: tf.tensor2d(normalRows(random, 4, 2)) } });
    const batches = { train: drawn(), validation: drawn() };
    const eta = 0.1;
    /** Validation loss after a step with this weight of the gap. */
    const lossAfter = (weight: number): number => tf.tidy(() => {
      const fused = (batch: typeof batches.train): Scalar => {
        const { logits } = model.forward(batch.inputs, 'probe');
        return tf.losses.softmaxCrossEntropy(batch.oneHot, tf.div(tf.add(logits['a']!, logits['b']!), 2));
      };
      const { gradients } = gradientsOf(() => {
        const { logits } = model.forward(batches.train.inputs, 'probe');
        return tf.add(tf.mul(fused(batches.train), 1 - weight), tf.mul(gap([logits['a'] as Tensor2D, logits['b'] as Tensor2D], 'reversed'), weight));
      }, stage.variables);
      const saved = Object.entries(gradients).map(([name, gradient]) => ({ variable: stage.variables[name]!, values: tf.clone(stage.variables[name]!), gradient }));
      for (const { variable, values, gradient } of saved) variable.assign(tf.sub(values, tf.mul(gradient, eta)));
      const value = fused(batches.validation).dataSync()[0]!;
      for (const { variable, values } of saved) variable.assign(values);
      return value;
    });
    const slope = (lossAfter(0.95 + 0.2) - lossAfter(0.95 - 0.2)) / 0.4;
    await stage.startEpoch!(0, {
      learningRate: eta,
      labels: () => [0, 1, 0, 1],
      batches: () => [Int32Array.of(0, 1, 2, 3)],
      withBatch: (split: 'train' | 'validation', _rows: Int32Array, _modalities: unknown, use: (batch: unknown) => void) => { tf.tidy(() => use(batches[split])); },
    } as never);
    const expected = Math.min(0.95, Math.max(0.05, 0.95 - slope));
    expect(slope, 'the case must not be cut off').toBeGreaterThan(1e-3);
    expectClose(stage.readings!()['weight.gap']!.dataSync(), [expected], 2e-3, 'weight');
    dispose();
  });
});
