import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import type { EpochTools } from '../../../src/trainer/methods/method.ts';
import type { Batch } from '../../../src/trainer/loop/batch.ts';
import { divergence, fittedWeight, gap, hessianTimes, hypergradient, lfm } from '../../../src/trainer/methods/lfm.ts';
import type { NamedTensors } from '../../../src/trainer/model/module.ts';
import { gradientsOf } from '../../../src/trainer/model/optimizer.ts';
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
    const inputs = { a: { values: tf.ones([8, 2]) }, b: { values: tf.ones([8, 2]) } };
    for (const epoch of [0, 1]) {
      await stage.startEpoch!(epoch, {
        labels: () => new Array<number>(40).fill(0),
        withBatches: async (parts: { split: string; rows: Int32Array }[], _modalities: unknown, use: (batch: unknown) => void) => {
          expect(parts.map(({ split }) => split)).toEqual(['train']);
          seen.push([...parts[0]!.rows]);
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

  /** A stage, a batch of four drawn samples for each split, and what the formulas are made of. */
  function drawn(settings: Readonly<Record<string, unknown>>) {
    const made = firstStage(lfm, { settings, classes: 2 });
    const random = createRandom(9);
    const draw = (): Batch => ({ ...batchOf([0, 1, 0, 1], 2), inputs: { a: { values: tf.tensor2d(normalRows(random, 4, 2)) }, b: { values: tf.tensor2d(normalRows(random, 4, 2)) } } });
    const batches = { train: draw(), validation: draw() };
    const of = (batch: Batch) => made.model.forward(batch.inputs, { mode: 'probe', epoch: 0, step: 0 }).logits as Readonly<Record<'a' | 'b', Tensor2D>>;
    const classification = (batch: Batch): Scalar => tf.losses.softmaxCrossEntropy(batch.oneHot, tf.div(tf.add(of(batch).a, of(batch).b), 2));
    const mixed = (weight: number) => gradientsOf(() => tf.add(tf.mul(classification(batches.train), 1 - weight),
      tf.mul(gap([of(batches.train).a, of(batches.train).b], 'reversed'), weight)), made.stage.variables).gradients;
    /** What `measure` gives with all variables moved by `step` times `direction`. */
    const moved = <T extends tf.TensorContainer>(direction: NamedTensors, step: number, measure: () => T): T => {
      const saved = Object.entries(direction).map(([name, by]) => ({ variable: made.stage.variables[name]!, values: tf.clone(made.stage.variables[name]!), by }));
      for (const { variable, values, by } of saved) variable.assign(tf.add(values, tf.mul(by, step)));
      const value = measure();
      for (const { variable, values } of saved) variable.assign(values);
      return value;
    };
    const tools = {
      learningRate: 1,
      labels: () => [0, 1, 0, 1],
      batches: () => [Int32Array.of(0, 1, 2, 3)],
      withBatches: async (parts: { split: 'train' | 'validation' }[], _modalities: unknown, use: (...given: Batch[]) => void) => { tf.tidy(() => use(...parts.map(({ split }) => batches[split]))); },
    } as unknown as EpochTools;
    const after = async (epoch: number): Promise<number> => {
      await made.stage.startEpoch!(epoch, tools);
      return made.stage.readings!()['weight.gap']!.dataSync()[0]!;
    };
    return { ...made, batches, classification, mixed, moved, after };
  }

  it('learned takes the mean over the first tensor of the Hessian times the gradient, with a step that is halved', async () => {
    const { stage, batches, classification, mixed, moved, after, dispose } = drawn({ schedule: 'learned', weightLearningRate: 20, halveEvery: 3 });
    const direction = gradientsOf(() => classification(batches.train), stage.variables).gradients;
    const first = Object.keys(stage.variables)[0]!;
    expect(first).toBe('a.encoder.fc1.weight');
    const derivativeAt = (weight: number): number => {
      const [ahead, behind] = [0.01, -0.01].map((step) => moved(direction, step, () => tf.mean(mixed(weight)[first]!)).dataSync()[0]!);
      return (ahead! - behind!) / 0.02;
    };
    const start = 0.95 - 20 * derivativeAt(0.95);
    expect(start, 'the case must not be cut off').toBeLessThan(0.949);
    expectClose([0.95 - await after(0)], [0.95 - start], 5e-3, 'step of epoch 0');
    expectClose([start - await after(3)], [10 * derivativeAt(start)], 5e-3, 'step of epoch 3');
    dispose();
  });

  it('bilevel follows the slope of the validation loss after the virtual step', async () => {
    const { batches, classification, mixed, moved, after, dispose } = drawn({ schedule: 'bilevel', weightLearningRate: 1 });
    const lossWith = (weight: number): number => moved(mixed(weight), -1, () => classification(batches.validation)).dataSync()[0]!;
    const slope = (lossWith(0.96) - lossWith(0.94)) / 0.02;
    expect(slope, 'the case must not be cut off').toBeGreaterThan(1e-2);
    expect(slope).toBeLessThan(0.9);
    expectClose([0.95 - await after(0)], [slope], 2e-3, 'step of the weight');
    dispose();
  });
});
