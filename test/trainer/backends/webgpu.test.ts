import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { describeBackends } from '../../../src/trainer/backends/index.ts';
import { createCgmnistEncoder } from '../../../src/trainer/encoders/cgmnist.ts';
import { createSgd, gradientsOf } from '../../../src/trainer/optimizer.ts';
import { search } from '../numbers.ts';
import { largestDifference, noise } from './reference.ts';

const folder = resolve(process.env['UDI_WEBGPU_FOLDER'] ?? join(search.folders[0]!, '.cache/webgpu'));
const where = { ...search, folders: [folder, ...search.folders] };

// Where there is no GPU, Chromium's software adapter checks the numbers as well. Dawn reads this when it starts.
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (existsSync(swiftShader)) process.env['VK_DRIVER_FILES'] ??= swiftShader;

const report = (await describeBackends(where)).find(({ id }) => id === 'webgpu')!;

/** Loss, gradients, weights and running statistics after one training step of a narrow network, then evaluated features. */
function trainingStep(): Tensor[] {
  const encoder = createCgmnistEncoder(3, [4, 4, 8, 8, 16], createRandom(1));
  const optimizer = createSgd(encoder.parameters, 0.9, 1e-4);
  const inputs = noise([6, 28, 28, 3], 2);
  const { value, gradients } = gradientsOf(() => {
    const logits = encoder.apply(inputs, 'train');
    const labels = tf.oneHot(tf.tensor1d([3, 1, 0, 15, 7, 7], 'int32'), 16, 1, 0, 'float32');
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), labels), 1))) as Scalar;
  }, encoder.parameters);
  optimizer.apply(gradients, 0.1);
  const variables = [...Object.values(encoder.parameters), ...Object.values(encoder.buffers)].map((each) => each.clone());
  const results = [value, ...Object.values(gradients), ...variables, encoder.apply(inputs, 'evaluate')];
  encoder.dispose();
  optimizer.dispose();
  return results;
}

describe.skipIf(!report.usable)(`webgpu${report.usable ? ` on ${report.device}` : `: ${report.reason}, looked in ${folder} (UDI_WEBGPU_FOLDER)`}`, () => {
  it('trains with the numbers of cpu', async () => {
    expect(await largestDifference(trainingStep, 'webgpu', where)).toBeLessThan(1e-4);
  });

  it('is taken by itself only if it is a real GPU', () => {
    expect(report.automatic).toBe(!/swiftshader|llvmpipe/i.test(report.device!));
  });
});
