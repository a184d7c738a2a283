import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { hparamShape } from '../../src/core/config/hparams.ts';
import { createRandom } from '../../src/core/random.ts';
import { encoders, findEncoder } from '../../src/trainer/encoders/index.ts';
import { createBatchNorm, createConv2d, createLinear, globalAveragePool, maxPool2d } from '../../src/trainer/model/layers.ts';
import { noise } from './backends/reference.ts';
import { expectClose, useBackend } from './numbers.ts';

useBackend('wasm');

function moments(tensor: Tensor): { mean: number; deviation: number } {
  const values = Array.from(tensor.dataSync());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) };
}

describe('initialisation', () => {
  it('linear: Xavier normal, zero bias', () => {
    const { weight, bias } = createLinear(300, 100, createRandom(1)).parameters;
    expect(weight!.shape).toEqual([300, 100]);
    expect(moments(weight!).mean).toBeCloseTo(0, 2);
    expect(moments(weight!).deviation).toBeCloseTo(Math.sqrt(2 / 400), 3);
    expect(moments(bias!)).toEqual({ mean: 0, deviation: 0 });
  });

  it('convolution: He normal by fan-out, zero bias', () => {
    const { weight, bias } = createConv2d({ inputs: 20, outputs: 60, kernel: 5 }, createRandom(1)).parameters;
    expect(weight!.shape).toEqual([5, 5, 20, 60]);
    expect(moments(weight!).deviation).toBeCloseTo(Math.sqrt(2 / (25 * 60)), 3);
    expect(moments(bias!)).toEqual({ mean: 0, deviation: 0 });
  });

  it('depends on the random stream alone', () => {
    const create = (seed: number): number[] =>
      Array.from(createLinear(4, 3, createRandom(seed)).parameters['weight']!.dataSync());
    expect(create(1)).toEqual(create(1));
    expect(create(1)).not.toEqual(create(2));
  });
});

describe('batch norm', () => {
  // Channel 0 holds 1, 2, 3, 6 (mean 3, variance 3.5, unbiased 14/3); channel 1 is constant.
  const input = (): Tensor2D =>
    tf.tensor2d([
      [1, 5],
      [2, 5],
      [3, 5],
      [6, 5],
    ]);

  it('normalises with the biased variance of the batch and keeps the unbiased one', () => {
    const norm = createBatchNorm(2);
    const out = norm.apply(input(), 'train').dataSync();
    const scale = 1 / Math.sqrt(3.5 + 1e-5);
    expectClose(out, [-2 * scale, 0, -scale, 0, 0, 0, 3 * scale, 0], 1e-5, 'output', 1e-6);
    expectClose(norm.buffers['running_mean']!.dataSync(), [0.3, 0.5], 1e-6, 'running mean');
    expectClose(norm.buffers['running_var']!.dataSync(), [0.9 + (0.1 * 14) / 3, 0.9], 1e-6, 'running variance');
    norm.dispose();
  });

  it('leaves the running statistics alone in a probe, and uses them in evaluation', () => {
    const norm = createBatchNorm(2);
    norm.apply(input(), 'probe');
    expect(Array.from(norm.buffers['running_mean']!.dataSync())).toEqual([0, 0]);
    norm.parameters['weight']!.assign(tf.tensor1d([2, 1]));
    norm.parameters['bias']!.assign(tf.tensor1d([1, -1]));
    const scale = 1 / Math.sqrt(1 + 1e-5);
    expectClose(
      norm.apply(tf.tensor2d([[3, 4]]), 'evaluate').dataSync(),
      [6 * scale + 1, 4 * scale - 1],
      1e-6,
      'output',
    );
    norm.dispose();
  });

  it('has the gradient of the composed formula', () => {
    const norm = createBatchNorm(3);
    const x = noise([4, 5, 5, 3], 1) as Tensor4D;
    const weight = noise([4, 5, 5, 3], 2);
    norm.parameters['weight']!.assign(noise([3], 3));
    const composed = (input: Tensor): Tensor => {
      const centred = tf.sub(input, tf.mean(input, [0, 1, 2]));
      const normal = tf.mul(centred, tf.rsqrt(tf.add(tf.mean(tf.square(centred), [0, 1, 2]), 1e-5)));
      return tf.mul(tf.add(tf.mul(normal, norm.parameters['weight']!), norm.parameters['bias']!), weight);
    };
    const gradients = (compute: (input: Tensor) => Tensor): Tensor[] => {
      const { grads } = tf.variableGrads(() => tf.sum(compute(x)));
      return [tf.grad(compute)(x), ...Object.values(norm.parameters).map((each) => grads[each.name]!)];
    };
    const expected = gradients(composed);
    gradients((input) => tf.mul(norm.apply(input, 'probe'), weight)).forEach((actual, index) =>
      expectClose(actual.dataSync(), expected[index]!.dataSync(), 1e-4, ['x', 'weight', 'bias'][index]!),
    );
    norm.dispose();
  });
});

describe('pooling', () => {
  it('padding never wins a maximum', () => {
    const x = tf.fill([1, 4, 4, 1], -7) as Tensor4D;
    expect(Array.from(maxPool2d(x, 3, 2, 1).dataSync())).toEqual([-7, -7, -7, -7]);
  });

  it('halves 28 and 14 as PyTorch does', () => {
    expect(maxPool2d(tf.zeros([1, 28, 28, 2]), 3, 2, 1).shape).toEqual([1, 14, 14, 2]);
    const layer = createConv2d({ inputs: 2, outputs: 3, kernel: 3, stride: 2, padding: 1 }, createRandom(1));
    expect(layer.apply(tf.zeros([1, 14, 14, 2])).shape).toEqual([1, 7, 7, 3]);
  });

  it('averages over all positions', () => {
    expect(Array.from(globalAveragePool(tf.tensor4d([1, 10, 3, 30], [1, 2, 1, 2])).dataSync())).toEqual([2, 20]);
  });
});

describe('encoders', () => {
  it.each(encoders.map((kind) => [kind.id, kind] as const))(
    '%s maps a batch to its features and disposes of everything',
    (_, kind) => {
      const before = tf.memory().numTensors;
      const shape = kind.refuses({ shape: [28, 28, 3] }) ? [12] : [28, 28, 3];
      const defaults = z.object(hparamShape(kind.settings)).parse({});
      const encoder = kind.create({ shape }, defaults, createRandom(1));
      tf.tidy(() => {
        expect(encoder.apply({ values: noise([2, ...shape], 1) }, { mode: 'evaluate', random: createRandom(2) }).shape).toEqual([2, encoder.featureSize]);
        expect(kind.featureSize({ shape }, defaults)).toBe(encoder.featureSize);
      });
      encoder.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('the cgmnist network has the published names and sizes', () => {
    const encoder = findEncoder('cgmnist').create({ shape: [28, 28, 3] }, {}, createRandom(1));
    const shapes = Object.fromEntries(
      Object.entries({ ...encoder.parameters, ...encoder.buffers }).map(([name, { shape }]) => [name, shape]),
    );
    expect(shapes).toEqual({
      'bn0.weight': [3],
      'bn0.bias': [3],
      'bn0.running_mean': [3],
      'bn0.running_var': [3],
      'conv1.weight': [5, 5, 3, 32],
      'conv1.bias': [32],
      'conv2.weight': [3, 3, 32, 32],
      'conv2.bias': [32],
      'conv3.weight': [3, 3, 32, 64],
      'conv3.bias': [64],
      'conv4.weight': [3, 3, 64, 64],
      'conv4.bias': [64],
      'fc.weight': [64, 512],
      'fc.bias': [512],
    });
    encoder.dispose();
  });

  it('refuses what does not fit, and unknown names', () => {
    expect(findEncoder('cgmnist').refuses({ shape: [28, 28] })).toMatch(/wants images/);
    expect(findEncoder('cgmnist').refuses({ shape: [28, 28, 1] })).toBeUndefined();
    expect(() => findEncoder('vgg')).toThrow(/no encoder 'vgg'/);
  });
});
