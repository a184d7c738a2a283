import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../../src/core/config/parseConfig.ts';
import { createRandom } from '../../../src/core/random.ts';
import type { MethodContext, Stage } from '../../../src/trainer/methods/method.ts';
import { createCatalog } from '../../../src/trainer/catalog.ts';
import type { Batch } from '../../../src/trainer/loop/batch.ts';
import * as batches from '../../../src/trainer/loop/batches.ts';
import { boostingLoss, consolidationLoss, reconboost } from '../../../src/trainer/methods/reconboost.ts';
import { sum } from '../../../src/trainer/methods/sum.ts';
import { gradientsOf } from '../../../src/trainer/model/optimizer.ts';
import { expectClose, useBackend } from '../numbers.ts';
import { metricsOf, smallConfig, trainHere, trainInPieces } from '../session.ts';
import { batchOf, firstStage, normalRows, place, softmax } from './stages.ts';

// The golden fixture F of methods.md 3.7.
const z1 = [[2, 0.5, -1], [0.2, 0.1, 0.9]];
const z2 = [[0.3, 0.2, 0.1], [-0.5, 0.4, 0.6]];
const labels = [0, 2];
const defaults = { learnerEpochs: 4, rectifyEpochs: 4, w1: 5, w2: 1, alpha: 0.5, rate: 1, consolidationGradient: true };

describe('the losses of reconboost', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('have the golden values and gradients', () => {
    const { oneHot } = batchOf(labels, 3);
    const boosting = (learner: tf.Tensor) => boostingLoss(learner as Tensor2D, tf.tensor2d(z2), oneHot, 5, 1);
    expectClose(boosting(tf.tensor2d(z1)).dataSync(), [0.68953379], 1e-5, 'mean l');
    const single = (sample: number) => boostingLoss(tf.tensor2d([z1[sample]!]), tf.tensor2d([z2[sample]!]), batchOf([labels[sample]!], 3).oneHot, 5, 1).dataSync()[0]!;
    expectClose([single(0), single(1)], [0.37265177, 1.00641580], 1e-5, 'l');
    expectClose(tf.grad(boosting)(tf.tensor2d(z1)).dataSync(), [-0.16554891, 0.13534857, 0.03020035, 0.19289378, 0.17453751, -0.36743129], 1e-5, 'gradient of l', 1e-7);
    const consolidation = (learner: tf.Tensor) => consolidationLoss(learner as Tensor2D, tf.tensor2d(z2));
    expectClose(consolidation(tf.tensor2d(z1)).dataSync(), [0.05049815], 1e-5, 'MCR');
    expectClose(tf.grad(consolidation)(tf.tensor2d(z1)).dataSync(), [0.03337476, -0.02617181, -0.00720295, 0.00715756, -0.01277352, 0.00561596], 1e-5, 'gradient of MCR', 1e-7);
    expectClose([boosting(tf.tensor2d(z1)).dataSync()[0]! + 0.5 * consolidation(tf.tensor2d(z1)).dataSync()[0]!], [0.71478286], 1e-5, 'L');
  });

  it('agree with the formulas in float64, and have no gradient to the rest', () => {
    const random = createRandom(7);
    const [learner, rest] = [normalRows(random, 6, 4), normalRows(random, 6, 4)];
    const target = learner.map(() => random.integer(4));
    const { oneHot } = batchOf(target, 4);
    const [p, q] = [learner.map(softmax), rest.map(softmax)];
    const mean = (values: number[]) => values.reduce((total, each) => total + each, 0) / values.length;
    const boosting = (right: (sample: number) => number) => mean(target.map((label, sample) => -(4 - 0.25 * right(sample)) * Math.log(p[sample]![label]!) / 4));
    const tensors = [tf.tensor2d(learner), tf.tensor2d(rest)] as const;
    expectClose(boostingLoss(...tensors, oneHot, 4, 0.25).dataSync(), [boosting((sample) => q[sample]![target[sample]!]!)], 1e-5, 'with a rest');
    expectClose(boostingLoss(tensors[0], undefined, oneHot, 4, 0.25).dataSync(), [boosting(() => 1)], 1e-5, 'alone: P is 1');
    expectClose(consolidationLoss(...tensors).dataSync(), [mean(p.flatMap((row, sample) => row.map((value, column) => (value - q[sample]![column]!) ** 2)))], 1e-5, 'MCR');
    const both = (x: tf.Tensor, y: tf.Tensor) => tf.add(boostingLoss(x as Tensor2D, y as Tensor2D, oneHot, 4, 0.25), consolidationLoss(x as Tensor2D, y as Tensor2D));
    expect([...tf.grads(both)([...tensors])[1]!.dataSync()].every((value) => value === 0)).toBe(true);
  });
});

/** All stages of a run of ReconBoost on a small model; the caller disposes the model. */
function stagesOf(settings: Partial<typeof defaults>, modalities: readonly string[], epochs: number) {
  const { model, dispose } = firstStage(sum, { modalities });
  const context = { hparams: { ...defaults, ...settings }, seed: 0, epochs: () => epochs, emit: () => undefined } as unknown as MethodContext;
  const stages: Stage[] = [];
  const generator = reconboost.stages(model, context);
  // What a stage's result is does not change the stages that come.
  for (let next = generator.next(); !next.done; next = generator.next({ stage: next.value.id, keptEpoch: 1, validation: {} })) stages.push(next.value);
  return { model, stages, dispose };
}

const brief = (stages: readonly Stage[]) => stages.map(({ id, epochs, part }) => `${id} ${part!.firstEpoch}+${epochs}`);

describe('the stages of reconboost', () => {
  useBackend('wasm');
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  it('alternate learner and joint phases over the modalities, and count epochs on for the schedule', () => {
    const { stages, dispose } = stagesOf({}, ['a', 'b'], 36);
    expect(brief(stages)).toEqual([
      'boosting:a#1 0+4', 'boosting:rectify#1 4+4', 'boosting:b#2 8+4', 'boosting:rectify#2 12+4',
      'boosting:a#3 16+4', 'boosting:rectify#3 20+4', 'boosting:b#4 24+4', 'boosting:rectify#4 28+4', 'boosting:a#5 32+4',
    ]);
    expect(stages.map(({ trains, frozen }) => [trains, frozen])).toEqual([
      [['a'], []], [['a'], []], [['b'], ['a']], [['a', 'b'], []], [['a'], ['b']], [['a', 'b'], []], [['b'], ['a']], [['a', 'b'], []], [['a'], ['b']],
    ]);
    dispose();
  });

  it.each([6, 7, 12, 40])('use a budget of %s epochs to the last one, as planned', (budget) => {
    const { stages, dispose } = stagesOf({}, ['a', 'b', 'c'], budget);
    expect(stages.reduce((total, stage) => total + stage.epochs, 0)).toBe(budget);
    expect(reconboost.plan(['a', 'b', 'c'], defaults, () => budget)).toEqual(stages.map(({ id, epochs }) => ({ id, epochs })));
    expect(new Set(stages.filter(({ id }) => !id.includes('rectify')).flatMap(({ trains }) => trains)), 'every modality learns').toEqual(new Set(['a', 'b', 'c']));
    dispose();
  });

  it('give the second learner the loss against what the first one says through the head as it is now', () => {
    const { model, stages, dispose } = stagesOf({ rate: 1.5 }, ['a', 'b'], 8);
    const [, , second] = stages;
    const random = createRandom(8);
    const [fa, fb] = [normalRows(random, 4, 2), normalRows(random, 4, 2)].map((rows) => tf.tensor2d(rows)) as [Tensor2D, Tensor2D];
    const frozen = { outputs: { features: { a: fa }, logits: { a: tf.zeros([4, 3]) as Tensor2D } }, fused: tf.zeros([4, 3]) as Tensor2D };
    const batch: Batch = batchOf([0, 1, 2, 0], 3, { frozen });
    const rows = (tensor: Tensor2D) => tensor.arraySync();
    const lossNow = () => second!.loss(model.classify({ b: fb }), batch, place());
    const expectLoss = (what: string) => {
      const [za, zb] = [rows(model.classify({ a: fa }).logits['a']!), rows(model.classify({ b: fb }).logits['b']!)];
      const expected = [0, 1, 2, 0].map((label, sample) => {
        const rest = softmax(za[sample]!.map((value) => 1.5 * value))[label]!;
        const [p, q] = [softmax(zb[sample]!), softmax(za[sample]!)];
        return -(5 - rest) * Math.log(p[label]!) / 3 + 0.5 * p.reduce((total, value, column) => total + (value - q[column]!) ** 2, 0) / 3;
      });
      expectClose(lossNow().total.dataSync(), [expected.reduce((total, each) => total + each) / 4], 1e-4, what);
    };
    expectLoss('at the beginning');
    for (const [name, variable] of Object.entries(second!.variables)) if (name.startsWith('head.')) variable.assign(tf.mul(variable, 1.3));
    expectLoss('with another head');
    expect(Object.keys(second!.variables).filter((name) => !name.startsWith('b.encoder.') && !name.startsWith('head.'))).toEqual([]);
    dispose();
  });

  it('leave the consolidation without gradient if asked to', () => {
    const gradientWith = (settings: Partial<typeof defaults>) => {
      const { model, stages, dispose } = stagesOf(settings, ['a', 'b'], 8);
      const fb = tf.variable(tf.tensor2d([[0.3, -0.2]]));
      const fa = tf.tensor2d([[1, 2]]);
      const frozen = { outputs: { features: { a: fa }, logits: { a: tf.zeros([1, 3]) as Tensor2D } }, fused: tf.zeros([1, 3]) as Tensor2D };
      const { value, gradients } = gradientsOf(() => stages[2]!.loss(model.classify({ b: fb as unknown as Tensor2D }), batchOf([1], 3, { frozen }), place()).total, { fb });
      const result = { value: value.dataSync()[0]!, gradient: [...gradients['fb']!.dataSync()] };
      dispose();
      return result;
    };
    const [active, inactive, absent] = [gradientWith({}), gradientWith({ consolidationGradient: false }), gradientWith({ alpha: 0 })];
    expect(inactive.value).toBe(active.value);
    expect(inactive.value).not.toBe(absent.value);
    expectClose(inactive.gradient, absent.gradient, 1e-6, 'as without it');
    expect(active.gradient).not.toEqual(inactive.gradient);
  });

  it('train all members and the rate jointly on the scaled sum', () => {
    const { model, stages, dispose } = stagesOf({ rate: 0.5 }, ['a', 'b'], 8);
    const joint = stages[3]!;
    const features = { a: tf.tensor2d([[1, 2]]), b: tf.tensor2d([[-1, 0.5]]) };
    const outputs = model.classify(features);
    const [za, zb] = [outputs.logits['a']!, outputs.logits['b']!].map((logits) => logits.arraySync()[0]!) as [number[], number[]];
    const scaled = za.map((value, column) => 0.5 * (value + zb[column]!));
    expectClose(joint.loss(outputs, batchOf([2], 3), place()).total.dataSync(), [-Math.log(softmax(scaled)[2]!)], 1e-5, 'CE');
    expectClose(joint.fused!({ features, logits: {} }).dataSync(), scaled, 1e-5, 'fused for evaluation, from features');
    expect('boosting.rate' in joint.variables).toBe(true);
    dispose();
  });
});

describe('a run of reconboost', () => {
  useBackend('wasm');

  it('evaluates the modalities that it has trained and their fusion, and lowers the learning rate over all of its phases', async () => {
    const { run } = await trainHere(smallConfig({
      dataset: { name: 'synthetic-arrays', modalities: 2, train: 96, validation: 48, test: 48 }, method: { name: 'reconboost' },
      training: { epochs: 8, batchSize: 32, learningRate: 0.05, schedule: { name: 'step', every: 3, factor: 0.1 } },
    }));
    expect(run.stages.map(({ id }) => id)).toEqual([1, 2, 3, 4].flatMap((pair) => [`boosting:m${2 - pair % 2}#${pair}`, `boosting:rectify#${pair}`]));
    const rates = run.stages.flatMap((stage) => stage.epochs.map((epoch) => epoch.learningRate ?? NaN));
    expectClose(rates, [0.05, 0.05, 0.05, 0.005, 0.005, 0.005, 0.0005, 0.0005], 1e-9, 'learning rates');
    expect(Object.keys(run.test!).sort()).toEqual(['fusion', 'm1', 'm2']);
  });

  const boosted = (lines: Record<string, unknown>): string => smallConfig({
    dataset: { name: 'synthetic-arrays', modalities: 2, train: 96, validation: 48, test: 48, signal: 1.5 }, method: { name: 'reconboost' }, ...lines,
  });

  it('is refused with the number of epochs it needs where not every modality gets its turn', async () => {
    await expect(trainHere(boosted({ training: { epochs: 3, batchSize: 32 } }))).rejects.toThrow(/training\.epochs: ReconBoost needs at least 4 epochs for 2 modalities, not 3/);
    const problems = parseConfig('dataset: { name: cgmnist, root: . }\nmethod: { name: reconboost }\ntraining:\n  epochs: 2\n', createCatalog(), { name: 'x' }).problems;
    expect(problems.map(({ key, line, message }) => [key, line, message.slice(0, 59)])).toEqual([['training.epochs', 4, 'ReconBoost needs at least 4 epochs for 2 modalities, not 2: '.slice(0, 59)]]);
  });

  it('keeps the best of all its epochs, as the others do, also when it is stopped after every one of them', async () => {
    const training = { epochs: 12, batchSize: 16, learningRate: 0.1 };
    const config = boosted({ training });
    const { run, weights } = await trainHere(config);
    const all = run.stages.flatMap((stage) => stage.epochs.map((epoch) => ({ stage: stage.id, epoch, all: 'm1' in epoch.validation && 'm2' in epoch.validation })));
    const candidates = all.filter((each) => each.all);
    const best = candidates.reduce((first, each) => (each.epoch.validation['fusion']!['accuracy']! > first.epoch.validation['fusion']!['accuracy']! ? each : first));
    const last = all.at(-1)!;
    expect(best.epoch, 'this config must have its best epoch before the end').not.toBe(last.epoch);
    expect(run.stages.at(-1)!.ended!.validation['fusion']).toEqual(best.epoch.validation['fusion']);
    expect(run.stages.find(({ id }) => id === best.stage)!.ended!.keptEpoch).toBe(best.epoch.epoch);
    const { run: lastRun, weights: lastWeights } = await trainHere(boosted({ training: { ...training, keep: 'last' } }));
    expect(lastRun.stages.flatMap(({ epochs }) => epochs.map(({ losses }) => losses)), 'keeping the best changes no epoch').toEqual(all.map(({ epoch }) => epoch.losses));
    expect(lastWeights).not.toEqual(weights);
    const pieces = await trainInPieces(config);
    expect(metricsOf(pieces.run)).toEqual(metricsOf(run));
    expect(pieces.weights).toEqual(weights);
  });

  it('shuffles every epoch of its stages anew, and another training sees the same shuffles', async () => {
    const shuffles = vi.spyOn(batches, 'epochBatches');
    const seen = async (config: string): Promise<string[]> => {
      shuffles.mockClear();
      await trainHere(config);
      return shuffles.mock.results.map(({ value }) => (value as Int32Array[]).join(' '));
    };
    const training = { epochs: 8, batchSize: 32, learningRate: 0.05 };
    const boosting = await seen(boosted({ training }));
    expect(boosting).toHaveLength(8);
    expect(new Set(boosting).size).toBe(8);
    expect(await seen(boosted({ training, method: { name: 'sum' } }))).toEqual(boosting);
    shuffles.mockRestore();
  });
});
