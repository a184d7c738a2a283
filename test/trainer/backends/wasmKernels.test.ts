import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor2D, Tensor4D, TensorInfo } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { chooseBackend } from '../../../src/trainer/backends/index.ts';
import { createCgmnistEncoder } from '../../../src/trainer/encoders/cgmnist.ts';
import { createConv2d } from '../../../src/trainer/model/layers.ts';
import { createSgd, gradientsOf } from '../../../src/trainer/model/optimizer.ts';
import { search } from '../numbers.ts';
import { largestDifference, noise, withGradients } from './reference.ts';

const TOLERANCE = 1e-5;

type Padding = 'same' | 'valid' | number;

describe('convolution gradients equal those of cpu', () => {
  const cases: [size: [number, number], kernel: number, stride: number, padding: Padding][] = [];
  for (const size of [
    [8, 8],
    [9, 7],
    [7, 10],
  ] as [number, number][]) {
    for (const kernel of [1, 2, 3, 4, 5, 7]) {
      for (const stride of [1, 2]) {
        for (const padding of ['same', 'valid', 0, 1, 2, 3] as Padding[]) {
          if (typeof padding !== 'number' || padding < kernel) cases.push([size, kernel, stride, padding]);
        }
      }
    }
  }
  // Few and many channels go different ways; three images of one block and many images of several blocks as well.
  it.each([
    [1, 3, 3, 5],
    [9, 2, 3, 4],
    [3, 10, 60, 8],
  ])('%#: %i channels in, %i out, batch %i', async (inputs, outputs, batch, modulus) => {
    for (const [index, [[height, width], kernel, stride, padding]] of cases.entries()) {
      if (index % modulus !== 0) continue;
      const difference = await largestDifference(() =>
        withGradients(
          (x, filter) => tf.conv2d(x as Tensor4D, filter as Tensor4D, stride, padding),
          [noise([batch, height, width, inputs], 1), noise([kernel, kernel, inputs, outputs], 2)],
        ),
      );
      expect
        .soft(difference, `${height}x${width}, kernel ${kernel}, stride ${stride}, padding ${padding}`)
        .toBeLessThan(TOLERANCE);
    }
  });

  it('of wide layers, unequal strides and unequal padding', async () => {
    for (const [inputs, outputs, strides, pad] of [
      [16, 24, 1, 'same'],
      [12, 5, [2, 1], 'valid'],
      [
        9,
        7,
        [1, 3],
        [
          [0, 0],
          [1, 2],
          [0, 3],
          [0, 0],
        ],
      ],
      [8, 8, 3, 1],
    ] as [number, number, number | [number, number], tf.backend_util.ExplicitPadding | 'same' | 'valid' | number][]) {
      const difference = await largestDifference(() =>
        withGradients(
          (x, filter) => tf.conv2d(x as Tensor4D, filter as Tensor4D, strides, pad),
          [noise([5, 11, 9, inputs], 3), noise([3, 3, inputs, outputs], 4)],
        ),
      );
      expect.soft(difference, `${inputs} to ${outputs}, strides ${strides}`).toBeLessThan(TOLERANCE);
    }
  });

  it.each(['linear', 'relu'] as const)('of the fused layer with bias and %s', async (activation) => {
    const difference = await largestDifference(() => {
      const layer = createConv2d({ inputs: 3, outputs: 6, kernel: 3, stride: 2, padding: 1 }, createRandom(5));
      layer.parameters['bias']!.assign(noise([6], 6));
      const x = noise([4, 9, 9, 3], 7) as Tensor4D;
      const apply = (): Tensor4D => layer.apply(x, activation);
      const weight = noise(apply().shape, 8);
      const { grads } = tf.variableGrads(() => tf.sum(tf.mul(apply(), weight)));
      const results = [
        apply(),
        ...Object.values(layer.parameters).map((each) => grads[each.name]!),
        tf.grad((input) => tf.mul(layer.apply(input as Tensor4D, activation), weight))(x),
      ];
      layer.dispose();
      return results;
    });
    expect(difference).toBeLessThan(TOLERANCE);
  });
});

describe('pooling equals cpu', () => {
  const pools: [size: number, window: number, stride: number, padding: Padding][] = [
    [14, 3, 2, 1],
    [13, 3, 2, 1],
    [8, 2, 2, 'valid'],
    [9, 3, 1, 'same'],
    [7, 3, 3, 0],
    [10, 5, 2, 2],
  ];
  it.each(pools)('max-pool of %i: window %i, stride %i, padding %s', async (size, window, stride, padding) => {
    const compute = (x: Tensor): Tensor => tf.maxPool(x as Tensor4D, window, stride, padding);
    // All values negative: padding must not win; then many equal ones: only the first may get the gradient.
    const negative = await largestDifference(() => withGradients(compute, [tf.sub(noise([3, size, size, 5], 1), 10)]));
    expect(negative).toBeLessThan(TOLERANCE);
    const ties = await largestDifference(() => withGradients(compute, [tf.relu(noise([3, size, size, 5], 2))]));
    expect(ties).toBeLessThan(TOLERANCE);
  });

  it('average over all positions', async () => {
    expect(
      await largestDifference(() => withGradients((x) => tf.mean(x, [1, 2]), [noise([3, 7, 7, 5], 1)])),
    ).toBeLessThan(TOLERANCE);
  });
});

describe('matrix products equal cpu', () => {
  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('transposed: %s, %s', async (left, right) => {
    const a = left ? [7, 5] : [5, 7];
    const b = right ? [3, 7] : [7, 3];
    expect(
      await largestDifference(() =>
        withGradients((x, y) => tf.matMul(x as Tensor2D, y as Tensor2D, left, right), [noise(a, 1), noise(b, 2)]),
      ),
    ).toBeLessThan(TOLERANCE);
    expect(
      await largestDifference(() =>
        withGradients((x, y) => tf.matMul(x, y, left, right), [noise([2, 3, ...a], 1), noise([2, 3, ...b], 2)]),
      ),
    ).toBeLessThan(TOLERANCE);
  });
});

describe('what methods compute with has kernels and gradients', () => {
  const one: Record<string, (x: Tensor) => Tensor> = {
    softmax: (x) => tf.softmax(x),
    logSoftmax: (x) => tf.logSoftmax(x),
    logSumExp: (x) => tf.logSumExp(x, 1),
    softplus: (x) => tf.softplus(x),
    tanh: (x) => tf.tanh(x),
    sigmoid: (x) => tf.sigmoid(x),
    exp: (x) => tf.exp(x),
    'log of a square': (x) => tf.log(tf.add(tf.square(x), 1)),
    'sqrt and rsqrt': (x) => tf.add(tf.sqrt(tf.add(tf.square(x), 1)), tf.rsqrt(tf.add(tf.square(x), 1))),
    'abs and neg': (x) => tf.abs(tf.neg(x)),
    pow: (x) => tf.pow(tf.add(tf.square(x), 1), 1.5),
    clipByValue: (x) => tf.clipByValue(x, -0.5, 0.5),
    relu: (x) => tf.relu(x),
    gelu: (x) => tf.mul(x, tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1)),
    step: (x) => tf.mul(x, tf.step(x)),
    'minimum and maximum': (x) => tf.minimum(tf.maximum(x, -1), 0.3),
    'where and isFinite': (x) => tf.where(tf.isFinite(tf.div(1, tf.relu(noise([5, 6], 8)))), x, tf.zerosLike(x)),
    'where and greater': (x) => tf.where(tf.greater(noise([5, 6], 8), 0.1), tf.mul(x, 2), tf.neg(x)),
    'gather with repeats': (x) => tf.gather(x, tf.tensor1d([0, 2, 2, 4], 'int32')),
    'gather of columns': (x) => tf.gather(x, tf.tensor1d([1, 1, 0], 'int32'), 1),
    'oneHot product': (x) =>
      tf.sum(tf.mul(x, tf.oneHot(tf.tensor1d([0, 5, 2, 7, -1], 'int32'), 6, 1, 0, 'float32')), 1),
    concat: (x) => tf.concat([x, tf.mul(x, 2)], 1),
    stack: (x) => tf.stack([x, tf.square(x)]),
    unstack: (x) => tf.mul(tf.unstack(x)[1]!, 3),
    split: (x) => tf.sub(...(tf.split(x, 2, 1) as [Tensor, Tensor])),
    'sum of rows': (x) => tf.sum(x, 0),
    'sum of rows, kept': (x) => tf.sum(x, 0, true),
    'sum of columns': (x) => tf.sum(x, -1),
    'sum of all': (x) => tf.sum(x),
    'mean of rows': (x) => tf.mean(x, 0),
    'mean of columns, kept': (x) => tf.mean(x, 1, true),
    'max and min': (x) => tf.add(tf.max(x, 1), tf.min(x, 1)),
    variance: (x) => tf.moments(x, 1).variance,
    norm: (x) => tf.norm(x, 2, 1),
    transpose: (x) => tf.square(tf.transpose(x)),
    pad: (x) =>
      tf.square(
        tf.pad(x as Tensor2D, [
          [1, 2],
          [0, 1],
        ]),
      ),
    mirrorPad: (x) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [0, 1],
        ],
        'reflect',
      ),
    'slice of rows': (x) => tf.slice(x, [1, 0], [2, -1]),
    'slice of columns': (x) => tf.slice(x, [0, 2], [-1, 3]),
    tile: (x) => tf.tile(x, [2, 3]),
    reverse: (x) => tf.reverse(x, 1),
    expandDims: (x) => tf.mul(tf.expandDims(x, 1), tf.expandDims(x, 2)),
    'broadcast over rows': (x) => tf.add(tf.mul(x, tf.slice(x, [0, 0], [1, -1])), tf.slice(x, [0, 0], [-1, 1])),
    cumsum: (x) => tf.cumsum(x, 1),
    squaredDifference: (x) => tf.squaredDifference(x, 0.5),
    cosine: (x) => tf.losses.cosineDistance(x, tf.square(x), 1),
  };
  it.each(Object.keys(one))('%s', async (name) => {
    expect(await largestDifference(() => withGradients(one[name]!, [noise([5, 6], 3)]))).toBeLessThan(TOLERANCE);
  });

  it('without gradients: segments, oneHot, argMax, topk, equal, cast, logical operations', async () => {
    const x = (): Tensor2D => noise([5, 6], 4) as Tensor2D;
    expect(
      await largestDifference(() => [
        tf.unsortedSegmentSum(x(), tf.tensor1d([0, 2, 2, -1, 9], 'int32'), 4),
        tf.oneHot(tf.tensor1d([1, 0], 'int32'), 3),
        tf.oneHot([[1], [2]], 3, 2, -1),
        tf.argMax(x(), 1),
        tf.topk(x(), 2).values,
        tf.cast(tf.equal(tf.argMax(x(), 1), tf.argMin(x(), 1)), 'float32'),
        tf.sum(tf.cast(tf.logicalOr(tf.greater(x(), 1), tf.logicalNot(tf.less(x(), 0))), 'float32'), 0),
        tf.all(tf.isNaN(x())),
        tf.any(tf.isInf(x())),
      ]),
    ).toBeLessThan(TOLERANCE);
  });
});

describe('memory', () => {
  beforeAll(async () => {
    await chooseBackend('wasm', search);
  });

  it('a clone shares its data and outlives the original', () => {
    const x = tf.tensor1d([1, 2, 3]);
    const clone = x.clone();
    x.dispose();
    expect(Array.from(clone.dataSync())).toEqual([1, 2, 3]);
    clone.dispose();
  });

  it('an assigned variable is what convolutions and products use', () => {
    const filter = tf.variable(tf.ones([1, 1, 1, 1])) as tf.Variable<tf.Rank.R4>;
    const x = tf.ones([1, 2, 2, 1]) as Tensor4D;
    for (const value of [1, 2, 3]) {
      filter.assign(tf.fill([1, 1, 1, 1], value) as Tensor4D);
      expect(Array.from(tf.conv2d(x, filter, 1, 'same').dataSync())).toEqual([value, value, value, value]);
      expect(Array.from(tf.matMul(tf.ones([1, 1]), tf.reshape(filter, [1, 1]) as Tensor2D).dataSync())).toEqual([
        value,
      ]);
    }
    tf.dispose([filter, x]);
  });

  it('stays the same over many training steps', async () => {
    const random = createRandom(1);
    const encoder = createCgmnistEncoder(3, [4, 4, 8, 8, 16], random);
    const optimizer = createSgd(encoder.parameters, 0.9, 1e-4);
    const inputs = noise([4, 28, 28, 3], 1);
    const steps = (count: number): void => {
      for (let step = 0; step < count; step++) {
        tf.tidy(() => {
          const { gradients } = gradientsOf(
            () => tf.mean(tf.square(encoder.apply({ values: inputs }, { mode: 'train', random }))) as Scalar,
            encoder.parameters,
          );
          optimizer.apply(gradients, 1e-3);
        });
      }
    };
    const backend = tf.backend() as BackendWasm;
    const state = () => ({
      ...tf.memory(),
      dataIds: backend.numDataIds(),
      heap: (backend.wasm as unknown as { HEAPU8: Uint8Array }).HEAPU8.byteLength,
    });
    steps(10);
    const before = state();
    steps(300);
    expect(state()).toEqual(before);
    for (const part of [encoder, optimizer, inputs]) part.dispose();
  });

  it('says so when there is none left, and goes on', () => {
    const backend = tf.backend() as BackendWasm;
    const allocate = (gigabytes: number): TensorInfo => backend.makeOutput([gigabytes, 250, 1e6], 'float32');
    const large = allocate(3);
    for (const gigabytes of [2, 5]) expect(() => allocate(gigabytes)).toThrow(/wasm device has no memory left/);
    backend.disposeData(large.dataId);
    expect(tf.sum(tf.ones([4])).dataSync()[0]).toBe(4);
  });
});
