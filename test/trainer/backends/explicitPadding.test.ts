import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { registerExplicitPadding } from '../../../src/trainer/backends/explicitPadding.ts';
import { noise, trainingStep, valuesOn, withGradients } from './reference.ts';

/** What needs explicit padding: a whole step, unequal padding, and a pool of negative values only. */
function compute(): Tensor[] {
  return [
    ...trainingStep(),
    ...withGradients(
      (x, filter) =>
        tf.conv2d(
          x as Tensor4D,
          filter as Tensor4D,
          [2, 1],
          [
            [0, 0],
            [1, 2],
            [0, 1],
            [0, 0],
          ],
        ),
      [noise([2, 8, 7, 3], 1), noise([3, 3, 3, 4], 2)],
    ),
    ...withGradients((x) => tf.maxPool(x as Tensor4D, 3, 2, 1), [tf.sub(noise([2, 9, 8, 3], 3), 10)]),
  ];
}

it('padding by hand gives what cpu gives with explicit padding', async () => {
  const expected = await valuesOn('cpu', compute);
  const before = tf.memory().numTensors;
  registerExplicitPadding('cpu');
  const actual = await valuesOn('cpu', compute);
  expect(tf.memory().numTensors).toBe(before);
  actual.forEach((values, index) => values.forEach((value, at) => expect(value).toBeCloseTo(expected[index]![at]!, 5)));
});
