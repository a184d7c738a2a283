import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { describeBackends } from '../../../src/trainer/backends/index.ts';
import { skipFor } from '../../skip.ts';
import { search } from '../numbers.ts';
import { largestDifference, noise, trainingStep, withGradients } from './reference.ts';

const folder = resolve(process.env['UDI_TFJS_NODE_FOLDER'] ?? join(search.folders[0]!, '.cache/tfjs-node'));
const where = { ...search, folders: [folder, ...search.folders] };
const report = (await describeBackends(where)).find(({ id }) => id === 'tfjs-node')!;

describe(
  'tfjs-node',
  skipFor(report.usable ? undefined : `${report.reason}, looked in ${folder} (UDI_TFJS_NODE_FOLDER)`),
  () => {
    it('trains with the numbers of cpu', async () => {
      expect(await largestDifference(trainingStep, 'tfjs-node', where)).toBeLessThan(1e-4);
    });

    it.each([
      [1, 1],
      [2, 1],
      [2, 2],
    ])('convolves with stride %i and explicit padding %i', async (stride, padding) => {
      expect(
        await largestDifference(
          () =>
            withGradients(
              (x, filter) => tf.conv2d(x as Tensor4D, filter as Tensor4D, stride, padding),
              [noise([2, 9, 8, 3], 1), noise([5, 5, 3, 4], 2)],
            ),
          'tfjs-node',
          where,
        ),
      ).toBeLessThan(1e-4);
    });

    it('leaves no tensors behind', () => {
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        trainingStep();
      });
      expect(tf.memory().numTensors).toBe(before);
    });
  },
);
