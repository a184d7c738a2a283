import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { createCgmnistEncoder } from '../../src/trainer/encoders/cgmnist.ts';
import { createMlpEncoder } from '../../src/trainer/encoders/mlp.ts';
import type { Batch } from '../../src/trainer/loop/batch.ts';
import { type FollowerSettings, followerStage } from '../../src/trainer/methods/follower.ts';
import { MultimodalModel } from '../../src/trainer/model/model.ts';
import type { EncoderKind, NamedVariables } from '../../src/trainer/model/module.ts';
import { createSgd } from '../../src/trainer/model/optimizer.ts';
import { trainStep } from '../../src/trainer/loop/trainStep.ts';
import { createRandom } from '../../src/core/random.ts';
import { EpochTotals } from '../../src/trainer/loop/epochTotals.ts';
import { type FixtureTensor, kindOfWeight, toTensorData } from './fixtures.ts';
import { describeWithFixture, expectClose, useBackend } from './numbers.ts';

interface FixtureStep {
  input: FixtureTensor;
  labels: number[];
  f_anchor: FixtureTensor;
  logits_anchor: FixtureTensor;
  xi_con?: number;
  xi_com?: number;
  cross_entropy: number;
  js_mean: number;
  complementary: number;
  alpha_con: number;
  alpha_com: number;
  total_loss: number;
  follower_after: Record<string, FixtureTensor>;
  estimator_after: Record<string, FixtureTensor>;
  bn_running_after?: Record<string, FixtureTensor>;
}

interface FixtureRun {
  name: string;
  hyperparameters: { lr: number; momentum: number; weight_decay: number; estimator_optimizer: 'sgd' | 'adam'; estimator_lr: number; com_reduction: 'mean' | 'sum' };
  start: { follower: Record<string, FixtureTensor>; estimator: Record<string, FixtureTensor> };
  steps: FixtureStep[];
}

/** Our name of a follower parameter of the fixture, where they differ. */
const renamed: Record<string, string> = { 'encoder.0': 'encoder.fc1', 'encoder.2': 'encoder.fc2' };
const ourName = (name: string): string => name.replace(/^encoder\.[02]/, (found) => renamed[found]!);

function encoderOf(run: FixtureRun): EncoderKind {
  const sizes = (name: string): number => run.start.follower[name]!.shape[0]!;
  return {
    id: 'fixture', label: '', source: '', refuses: () => undefined,
    settings: {}, featureSize: () => 0, create: ({ shape }, _settings, random) => ('encoder.0.weight' in run.start.follower
      ? createMlpEncoder([shape[0] as number, sizes('encoder.0.weight'), sizes('encoder.2.weight')], random)
      : createCgmnistEncoder(shape[2] as number, [sizes('encoder.conv1.weight'), sizes('encoder.conv2.weight'), sizes('encoder.conv3.weight'),
          sizes('encoder.conv4.weight'), sizes('encoder.fc.weight')], random)),
  };
}

function assign(variables: NamedVariables, values: Record<string, FixtureTensor>): void {
  for (const [name, value] of Object.entries(values)) tf.tidy(() => variables[ourName(name)]!.assign(toTensorData(value, kindOfWeight(value))));
}

function expectVariables(variables: NamedVariables, expected: Record<string, FixtureTensor>, what: string): void {
  for (const [name, value] of Object.entries(expected)) {
    tf.tidy(() => expectClose(variables[ourName(name)]!.dataSync(), toTensorData(value, kindOfWeight(value)).dataSync(), 1e-4, `${what} ${name}`));
  }
}

const fixedAlpha: Record<string, FollowerSettings['alpha']> = {
  'fixed (0,0)': { consistency: 0, complementary: 0 }, 'fixed (1,0)': { consistency: 1, complementary: 0 }, 'fixed (0,1)': { consistency: 0, complementary: 1 },
};

describe.each(['cpu', 'wasm'] as const)('follower steps on %s', (backend) => {
  useBackend(backend);
  afterEach(() => expect(tf.memory().numTensors, 'tensors left behind').toBe(0));

  for (const fixture of ['follower_step_mlp', 'follower_step_conv']) {
    describeWithFixture<{ runs: FixtureRun[] }>(fixture, (read) => {
      it('gives the reference numbers in every run', async () => {
        for (const run of read().runs) await checkRun(run);
      });
    });
  }
});

async function checkRun(run: FixtureRun): Promise<void> {
  const { hyperparameters: h } = run;
  const first = run.steps[0]!;
  const anchorSize = first.f_anchor.shape[1]!;
  const classes = first.logits_anchor.shape[1]!;
  const inputShape = first.input.shape.length === 4 ? [first.input.shape[2]!, first.input.shape[3]!, first.input.shape[1]!] : first.input.shape.slice(1);
  const anchorEncoder: EncoderKind = { id: 'anchor', label: '', source: '', refuses: () => undefined, settings: {}, featureSize: () => 0, create: (_, _settings, random) => createMlpEncoder([1, 1, anchorSize], random) };
  const model = new MultimodalModel({
    modalities: [{ id: 'anchor', shape: [1], encoder: anchorEncoder }, { id: 'follower', shape: inputShape, encoder: encoderOf(run) }],
    classes, fusion: 'sum', seed: 0,
  });
  const stage = followerStage(model, { hparams: {}, seed: 0, epochs: () => 1, emit: () => undefined, random: () => createRandom(0) }, {
    trained: ['anchor'], follower: 'follower', selectBy: 'fusion', alpha: fixedAlpha[run.name] ?? 'dynamic',
    consistencyReduction: 'mean', complementaryReduction: h.com_reduction,
    estimatorWidth: run.start.estimator['mu.0.weight']!.shape[0]!, estimatorOptimizer: h.estimator_optimizer, estimatorLearningRate: h.estimator_lr,
    estimatorSteps: 1, controllerInterval: 'epoch', controllerBatch: 'train',
  });
  assign(model.branchParameters('follower'), run.start.follower);
  const estimator = Object.fromEntries(Object.entries(stage.state ?? {}).filter(([name]) => name.startsWith('estimator.anchor.'))
    .map(([name, variable]) => [name.slice('estimator.anchor.'.length), variable]));
  const trainsEstimator = Object.keys(estimator).length > 0;
  if (trainsEstimator) assign(estimator, run.start.estimator);
  const optimizer = createSgd(stage.variables, h.momentum, h.weight_decay);

  for (const [step, expected] of run.steps.entries()) {
    const batch = createFixtureBatch(expected, classes);
    const totals = new EpochTotals();
    trainStep(model, stage, optimizer, batch, { epoch: 0, epochs: 1, step, steps: run.steps.length }, h.lr, totals);
    tf.dispose([batch.inputs, batch.oneHot, batch.frozen!.outputs.features, batch.frozen!.outputs.logits, batch.frozen!.fused] as unknown as tf.Tensor[]);
    const { losses, readings } = await totals.read(stage.readings!());
    const where = `${run.name}, step ${step}:`;
    expectClose([losses['classification']!], [expected.cross_entropy], 1e-4, `${where} cross entropy`);
    expectClose([losses['total']!], [expected.total_loss], 1e-4, `${where} total`);
    if ('consistency' in losses) expectClose([losses['consistency']], [expected.js_mean], 1e-4, `${where} consistency`);
    if ('complementary' in losses) expectClose([losses['complementary']], [expected.complementary], 1e-4, `${where} complementary`);
    expectClose([readings['alpha.consistency']!, readings['alpha.complementary']!], [expected.alpha_con, expected.alpha_com], 1e-4, `${where} alpha`);
    if (expected.xi_con !== undefined && 'xi.consistency' in readings) {
      expectClose([readings['xi.consistency'], readings['xi.complementary']!], [expected.xi_con, expected.xi_com!], 1e-4, `${where} xi`);
    }
    expectVariables(model.branchParameters('follower'), expected.follower_after, where);
    if (trainsEstimator) expectVariables(estimator, expected.estimator_after, where);
    if (expected.bn_running_after) {
      const running = Object.fromEntries(Object.entries(expected.bn_running_after).map(([name, value]) => [`follower.encoder.${name}`, value]));
      expectVariables(model.variables(), running, where);
    }
  }
  optimizer.dispose();
  stage.dispose?.();
  model.dispose();
}

function createFixtureBatch(step: FixtureStep, classes: number): Batch {
  return tf.tidy(() => ({
    size: step.labels.length,
    inputs: { follower: { values: toTensorData(step.input, step.input.shape.length === 4 ? 'image' : 'plain') } },
    oneHot: tf.cast(tf.oneHot(tf.tensor1d(step.labels, 'int32'), classes), 'float32') as tf.Tensor2D,
    frozen: {
      outputs: { features: { anchor: toTensorData(step.f_anchor) as tf.Tensor2D }, logits: { anchor: toTensorData(step.logits_anchor) as tf.Tensor2D } },
      fused: tf.clone(toTensorData(step.logits_anchor)) as tf.Tensor2D,
    },
  }) as unknown as tf.TensorContainer) as unknown as Batch;
}

