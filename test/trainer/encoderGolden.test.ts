import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.ts';
import { createCgmnistEncoder } from '../../src/trainer/encoders/cgmnist.ts';
import { createLinear } from '../../src/trainer/model/layers.ts';
import { prefixed } from '../../src/trainer/model/module.ts';
import { gradientsOf } from '../../src/trainer/model/optimizer.ts';
import { kindOfWeight, relativeError, toTensorData, type FixtureTensor } from './fixtures.ts';
import { describeWithFixture, useBackend } from './numbers.ts';

interface EncoderFixture {
  readonly weights: Record<string, FixtureTensor>;
  readonly input: FixtureTensor;
  readonly labels: number[];
  readonly train_features: FixtureTensor;
  readonly train_logits: FixtureTensor;
  readonly train_cross_entropy: number;
  readonly grad_weights: Record<string, FixtureTensor>;
  readonly bn_after_one_training_forward: Record<string, FixtureTensor>;
  readonly eval_features: FixtureTensor;
  readonly eval_logits: FixtureTensor;
}

const TOLERANCE = 1e-4;

/** The encoder of a fixture with its stored weights, and the head. */
function createModel(fixture: EncoderFixture) {
  const random = createRandom(0);
  const encoder = createCgmnistEncoder(fixture.input.shape[1]!, [4, 4, 8, 8, 16], random);
  const head = createLinear(16, 10, random);
  const parameters = { ...prefixed('encoder', encoder.parameters), ...prefixed('head', head.parameters) };
  expect(Object.keys(parameters).sort()).toEqual(Object.keys(fixture.weights).sort());
  for (const [name, weight] of Object.entries(fixture.weights)) {
    const value = toTensorData(weight, kindOfWeight(weight));
    parameters[name]!.assign(value);
    value.dispose();
  }
  return { encoder, head, parameters };
}

/** Features, loss, gradients, running statistics and evaluation mode against the stored ones of PyTorch. */
function compare(fixture: EncoderFixture): void {
  const { encoder, head, parameters } = createModel(fixture);
  const input = toTensorData(fixture.input, 'image');
  const labels = tf.oneHot(tf.tensor1d(fixture.labels, 'int32'), 10);
  const near = (what: string, actual: Tensor, expected: Tensor): void =>
    expect.soft(relativeError(actual, expected), what).toBeLessThan(TOLERANCE);

  const { value, gradients } = gradientsOf(() => {
    const features = encoder.apply({ values: input }, { mode: 'train', random: createRandom(2) });
    const logits = head.apply(features);
    near('train features', features, toTensorData(fixture.train_features));
    near('train logits', logits, toTensorData(fixture.train_logits));
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), labels), 1))) as Scalar;
  }, parameters);
  near('cross-entropy', value, tf.scalar(fixture.train_cross_entropy));
  for (const [name, expected] of Object.entries(fixture.grad_weights)) {
    near(`gradient of ${name}`, gradients[name]!, toTensorData(expected, kindOfWeight(expected)));
  }
  const statistics = (what: string): void => {
    for (const [name, expected] of Object.entries(fixture.bn_after_one_training_forward)) {
      near(`${name} after ${what}`, encoder.buffers[name]!, toTensorData(expected));
    }
  };
  statistics('one step');
  encoder.apply({ values: input }, { mode: 'probe', random: createRandom(2) });
  statistics('a probe');
  const features = encoder.apply({ values: input }, { mode: 'evaluate', random: createRandom(2) });
  near('evaluation features', features, toTensorData(fixture.eval_features));
  near('evaluation logits', head.apply(features), toTensorData(fixture.eval_logits));
  encoder.dispose();
  head.dispose();
}

describe.each(['wasm', 'cpu'] as const)('on %s', (device) => {
  useBackend(device);
  for (const name of ['encoder_color', 'encoder_gray']) {
    describeWithFixture<EncoderFixture>(name, (read) => {
      it('equals PyTorch', () => tf.tidy(() => compare(read())));
    });
  }
});
