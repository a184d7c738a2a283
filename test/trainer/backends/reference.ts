import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { createRandom } from '../../../src/core/random.ts';
import { chooseBackend, type BackendId, type BackendSearch } from '../../../src/trainer/backends/index.ts';
import { createCgmnistEncoder } from '../../../src/trainer/encoders/cgmnist.ts';
import { createSgd, gradientsOf } from '../../../src/trainer/model/optimizer.ts';
import { search } from '../numbers.ts';

/** Standard normal numbers that are the same on every backend. */
export function noise(shape: number[], seed: number): Tensor {
  const random = createRandom(seed);
  return tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
    shape,
  );
}

/** What `compute` returns on one backend, as plain arrays; everything it created is disposed. */
export async function valuesOn(
  device: BackendId,
  compute: () => Tensor[],
  where: BackendSearch = search,
): Promise<number[][]> {
  await chooseBackend(device, where);
  const tensors = tf.tidy(compute);
  const values = await Promise.all(tensors.map(async (tensor) => Array.from(await tensor.data())));
  tf.dispose(tensors);
  return values;
}

/** Largest difference between the two backends, relative to the largest reference value of the same tensor. */
export async function largestDifference(
  compute: () => Tensor[],
  device: BackendId = 'wasm',
  where: BackendSearch = search,
): Promise<number> {
  const expected = await valuesOn('cpu', compute);
  const actual = await valuesOn(device, compute, where);
  let worst = 0;
  expected.forEach((values, index) => {
    const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-3);
    if (actual[index]!.length !== values.length)
      throw new Error(`Tensor ${index} has ${actual[index]!.length} values, not ${values.length}`);
    values.forEach((value, at) => {
      const difference = Math.abs(actual[index]![at]! - value) / scale;
      worst = difference <= worst ? worst : difference;
    });
  });
  return worst;
}

/** A function's value and its gradients with respect to all inputs, with a fixed random weight on every output. */
export function withGradients(compute: (...inputs: Tensor[]) => Tensor, inputs: Tensor[]): Tensor[] {
  const value = compute(...inputs);
  const weight = noise(value.shape, 99);
  return [value, ...tf.grads((...given: Tensor[]) => tf.sum(tf.mul(compute(...given), weight)))(inputs)];
}

/** Loss, gradients, weights and statistics after one training step of a narrow network, then evaluated features. */
export function trainingStep(): Tensor[] {
  const encoder = createCgmnistEncoder(3, [4, 4, 8, 8, 16], createRandom(1));
  const optimizer = createSgd(encoder.parameters, 0.9, 1e-4);
  const inputs = noise([6, 28, 28, 3], 2);
  const { value, gradients } = gradientsOf(() => {
    const logits = encoder.apply({ values: inputs }, { mode: 'train', random: createRandom(2) });
    const labels = tf.oneHot(tf.tensor1d([3, 1, 0, 15, 7, 7], 'int32'), 16, 1, 0, 'float32');
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), labels), 1))) as Scalar;
  }, encoder.parameters);
  optimizer.apply(gradients, 0.1);
  const variables = [...Object.values(encoder.parameters), ...Object.values(encoder.buffers)].map((each) =>
    each.clone(),
  );
  const results = [value, ...Object.values(gradients), ...variables, encoder.apply({ values: inputs }, { mode: 'evaluate', random: createRandom(2) })];
  encoder.dispose();
  optimizer.dispose();
  return results;
}
