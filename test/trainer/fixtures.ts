import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';

const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Folder of the golden fixtures: UDI_FIXTURES, else the shared folder beside the repository. */
export const fixturesFolder = resolve(process.env['UDI_FIXTURES'] ?? join(repository, '../shared/fixtures'));

/** A tensor as the fixtures store it: flat, row major, PyTorch's layout. */
export interface FixtureTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What a stored tensor is, which decides how PyTorch's layout becomes ours. */
export type FixtureKind = 'plain' | 'image' | 'convolution' | 'linear';

/**
 * A stored tensor as a tf.Tensor in our layout: images NCHW → NHWC, convolution weights OIHW → HWIO, linear weights
 * [out, in] → [in, out]; `plain` stays as it is. It belongs to the caller.
 */
export function toTensorData({ shape, data }: FixtureTensor, kind: FixtureKind = 'plain'): tf.Tensor {
  const orders: Record<FixtureKind, number[]> = {
    plain: shape.map((_, axis) => axis),
    image: [0, 2, 3, 1],
    convolution: [2, 3, 1, 0],
    linear: [1, 0],
  };
  return tf.tidy(() => tf.transpose(tf.tensor(data as number[], shape as number[], 'float32'), orders[kind]));
}

/** How a weight of this shape and name is stored: by its number of axes. */
export function kindOfWeight({ shape }: FixtureTensor): FixtureKind {
  if (shape.length === 4) return 'convolution';
  return shape.length === 2 ? 'linear' : 'plain';
}

/** Largest absolute difference, relative to the largest absolute value of `expected` (at least `floor`). */
export function relativeError(actual: tf.Tensor, expected: tf.Tensor, floor = 1e-3): number {
  return tf.tidy(() => {
    if (actual.shape.join() !== expected.shape.join())
      throw new Error(`Shape [${actual.shape.join()}], not [${expected.shape.join()}]`);
    const difference = tf.max(tf.abs(tf.sub(actual, expected))).dataSync()[0]!;
    return difference / Math.max(floor, tf.max(tf.abs(expected)).dataSync()[0]!);
  });
}
