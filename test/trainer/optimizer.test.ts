import * as tf from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { learningRateOf, trainingKeys, type TrainingSettings, warmupFactor } from '../../src/core/config/training.ts';
import { createRandom } from '../../src/core/random.ts';
import { loadRun } from '../../src/core/run/runStore.ts';
import { createStageOptimizer } from '../../src/trainer/loop/stageOptimizer.ts';
import type { MultimodalModel } from '../../src/trainer/model/model.ts';
import { createSgd, type SgdOptions } from '../../src/trainer/model/optimizer.ts';
import { runTrainer } from '../../src/trainer/run/runTrainer.ts';
import { expectClose, search, useBackend } from './numbers.ts';
import { createTemporaryRun, metricsOf, smallConfig, trainHere, trainInPieces } from './session.ts';

useBackend('wasm');

const settings = (more: Partial<TrainingSettings> = {}): TrainingSettings => ({
  epochs: 1, batchSize: 1, learningRate: 1, momentum: 0.9, weightDecay: 0, schedule: { name: 'constant' }, keep: 'best', seed: 0, ...more,
});

/** Weights after some steps in float64, in the order of torch.nn.utils.clip_grad_norm_ and torch.optim.SGD. */
function plainSgd(start: Record<string, number[]>, gradients: readonly Record<string, number[]>[], rate: number, momentum: number, weightDecay: number, { clipGradNorm, ruleOf }: SgdOptions) {
  const weights = structuredClone(start);
  const velocity = Object.fromEntries(Object.entries(start).map(([name, values]) => [name, values.map(() => 0)]));
  for (const step of gradients) {
    const norm = Math.sqrt(Object.values(step).flat().reduce((sum, value) => sum + value * value, 0));
    const factor = clipGradNorm === undefined ? 1 : Math.min(1, clipGradNorm / (norm + 1e-6));
    for (const [name, values] of Object.entries(step)) {
      const rule = ruleOf?.(name) ?? { learningRateFactor: 1, weightDecay };
      values.forEach((value, index) => {
        velocity[name]![index] = momentum * velocity[name]![index]! + value * factor + rule.weightDecay * weights[name]![index]!;
        weights[name]![index]! -= rate * rule.learningRateFactor * velocity[name]![index]!;
      });
    }
  }
  return weights;
}

describe('SGD', () => {
  const ruleOf = (name: string) => (name === 'encoder.w' ? { learningRateFactor: 0.1, weightDecay: 0.5 } : { learningRateFactor: 1, weightDecay: 0 });
  it.each<[string, SgdOptions]>([
    ['as it is', {}], ['with clipping', { clipGradNorm: 1 }], ['with a limit that is not reached', { clipGradNorm: 1e6 }],
    ['with groups', { ruleOf }], ['with clipping and groups', { clipGradNorm: 0.5, ruleOf }],
  ])('agrees with PyTorch\'s order of operations in float64 %s', (_, options) => {
    const random = createRandom(1);
    const draw = (size: number) => Array.from({ length: size }, () => random.normal());
    const start = { 'encoder.w': draw(6), 'head.w': draw(3) };
    // In one step a variable has no gradient; PyTorch passes over it then.
    const gradients: Record<string, number[]>[] = [{ 'encoder.w': draw(6), 'head.w': draw(3) }, { 'head.w': draw(3) }, { 'encoder.w': draw(6), 'head.w': draw(3) }];
    const before = tf.memory().numTensors;
    const variables: Record<string, Variable> = Object.fromEntries(Object.entries(start).map(([name, values]) => [name, tf.tidy(() => tf.variable(tf.tensor1d(values)))]));
    const optimizer = createSgd(variables, 0.9, 0.01, options);
    for (const step of gradients) tf.tidy(() => optimizer.apply(Object.fromEntries(Object.entries(step).map(([name, values]) => [name, tf.tensor1d(values)])), 0.2));
    const expected = plainSgd(start, gradients, 0.2, 0.9, 0.01, options);
    for (const [name, variable] of Object.entries(variables)) expectClose(variable.dataSync(), expected[name]!, 1e-5, name);
    optimizer.dispose();
    tf.dispose(variables);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives parameters to groups by the names of the model, with the modality or without it', () => {
    const variable = (): Variable => tf.tidy(() => tf.variable(tf.zeros([1])));
    const all = { 'gray.encoder.fc1.weight': variable(), 'color.encoder.fc1.weight': variable(), 'color.encoder.fc10.weight': variable(), 'gray.head.weight': variable(), 'fusion(gray+color).weight': variable() };
    const model = { variables: () => all, modalities: ['gray', 'color'] } as unknown as MultimodalModel;
    // A stage of one modality has names of its own.
    const stage = { 'encoder.fc1.weight': all['color.encoder.fc1.weight'], 'encoder.fc10.weight': all['color.encoder.fc10.weight'], 'gray.encoder.fc1.weight': all['gray.encoder.fc1.weight'], 'head.weight': all['gray.head.weight'], 'fusion.weight': all['fusion(gray+color).weight'] };
    const moved = (params: string): number[] => {
      const optimizer = createStageOptimizer(settings({ momentum: 0, groups: [{ params, learningRateFactor: 3 }] }), model, stage);
      for (const each of Object.values(stage)) tf.tidy(() => each.assign(tf.zeros([1])));
      tf.tidy(() => optimizer.apply(Object.fromEntries(Object.keys(stage).map((name) => [name, tf.ones([1])])), 1));
      optimizer.dispose();
      return Object.values(stage).map((each) => -each.dataSync()[0]!);
    };
    expect(moved('encoder')).toEqual([3, 3, 3, 1, 1]);
    expect(moved('encoder.fc1')).toEqual([3, 1, 3, 1, 1]);
    expect(moved('gray')).toEqual([1, 1, 3, 3, 1]);
    expect(moved('color.encoder.fc1')).toEqual([3, 1, 1, 1, 1]);
    expect(moved('head')).toEqual([1, 1, 1, 3, 1]);
    expect(moved('fusion')).toEqual([1, 1, 1, 1, 3]);
    tf.dispose(Object.values(all));
  });
});

describe('the learning rate', () => {
  it('follows its schedule', () => {
    const over = (schedule: TrainingSettings['schedule'], epochs: number) => Array.from({ length: epochs }, (_, index) => learningRateOf(index + 1, epochs, settings({ schedule })));
    expect(over({ name: 'constant' }, 2)).toEqual([1, 1]);
    expectClose(over({ name: 'step', every: 2, factor: 0.1 }, 5), [1, 1, 0.1, 0.1, 0.01], 1e-12, 'StepLR');
    // CosineAnnealingLR with T_max = 4 and eta_min = 0, 0.5.
    expectClose(over({ name: 'cosine', final: 0 }, 4), [1, 0.8535533906, 0.5, 0.1464466094], 1e-9, 'CosineAnnealingLR');
    expectClose(over({ name: 'cosine', final: 0.5 }, 4), [1, 0.9267766953, 0.75, 0.5732233047], 1e-9, 'CosineAnnealingLR with eta_min');
  });

  it('rises over the steps or epochs of the warm-up', () => {
    const rise = (warmup: TrainingSettings['warmup']) => [1, 2].flatMap((epoch) => [0, 1, 2].map((step) => warmupFactor(epoch, step, 3, settings({ warmup }))));
    expect(rise(undefined)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(rise({ steps: 4 })).toEqual([0.25, 0.5, 0.75, 1, 1, 1]);
    expectClose(rise({ epochs: 2 }), [1, 2, 3, 4, 5, 6].map((step) => step / 6), 1e-12, 'epochs');
  });

  it('has keys that stand in one place', () => {
    expect(trainingKeys([], {})).toContain('clipGradNorm');
    expect(trainingKeys(['schedule'], { name: 'step' })).toEqual(['name', 'every', 'factor']);
    expect(trainingKeys(['schedule'], { name: 'cosine' })).toEqual(['name', 'final']);
    expect(trainingKeys(['schedule'], {})).toEqual(['name']);
    expect(trainingKeys(['groups', 0], {})).toEqual(['params', 'learningRateFactor', 'weightDecay']);
    expect(trainingKeys(['warmup'], {})).toEqual(['steps', 'epochs']);
    expect(trainingKeys(['earlyStopping'], {})).toEqual(['patience']);
    expect(trainingKeys(['epochs'], {})).toEqual([]);
  });
});

describe('a run with groups, clipping, warm-up and a cosine', () => {
  const config = (more: Record<string, unknown>) => smallConfig({ training: { epochs: 3, batchSize: 32, learningRate: 0.05, ...more } });
  const all = {
    groups: [{ params: 'encoder.fc1', learningRateFactor: 0 }, { params: 'm2', learningRateFactor: 2, weightDecay: 0 }], clipGradNorm: 0.5, warmup: { steps: 5 }, schedule: { name: 'cosine' },
  };

  it('resumes bit for bit, and does what they say', async () => {
    const calm = await trainHere(config(all));
    const pieces = await trainInPieces(config(all));
    expect(metricsOf(pieces.run)).toEqual(metricsOf(calm.run));
    expect(pieces.weights).toEqual(calm.weights);
    const plain = await trainHere(config({}));
    expect(calm.weights['m1.encoder.fc1.bias']!.values.every((value) => value === 0), 'a rate of 0').toBe(true);
    expect(plain.weights['m1.encoder.fc1.bias']!.values.every((value) => value === 0)).toBe(false);
    // Three steps an epoch: the warm-up ends in the second one.
    expectClose(calm.run.stages[0]!.epochs.map(({ learningRate }) => learningRate!), [0.05 * 3 / 5, 0.05 * 0.75, 0.05 * 0.25], 1e-9, 'learning rates');
    for (const [key, value] of Object.entries(all)) expect((await trainHere(config({ [key]: value }))).weights, key).not.toEqual(plain.weights);
  });

  it('refuses a group that nothing is in, with the names there are', async () => {
    const { folder, cleanUp } = createTemporaryRun(config({ groups: [{ params: 'encodr' }] }));
    expect(await runTrainer(folder, { search })).toBe('failed');
    expect(loadRun(folder).run.ended?.error).toMatchObject({
      message: expect.stringContaining('no parameter has a name that begins with "encodr"') as string, hint: expect.stringContaining('m1.encoder.fc1') as string,
    });
    cleanUp();
  });
});
