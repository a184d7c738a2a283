import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import { createLinear } from '../model/layers.ts';
import { fixedShape, prefixed, type Encoder, type EncoderKind, type Input } from '../model/module.ts';

/** Creates fc1 → ReLU → fc2 for inputs [B, inputs]; anything with more axes is flattened first. */
export function createMlpEncoder(inputs: number, hidden: number, features: number, random: Random): Encoder {
  const fc1 = createLinear(inputs, hidden, random);
  const fc2 = createLinear(hidden, features, random);
  const apply = ({ values }: Input): Tensor2D => tf.tidy(() => fc2.apply(tf.relu(fc1.apply(tf.reshape(values, [-1, inputs]) as Tensor2D))));
  return {
    featureSize: features,
    parts: [{ channels: features, apply }],
    parameters: { ...prefixed('fc1', fc1.parameters), ...prefixed('fc2', fc2.parameters) },
    buffers: {},
    apply,
    dispose: () => {
      fc1.dispose();
      fc2.dispose();
    },
  };
}

/** A two-layer perceptron for plain vectors: 64 hidden units, 64 features. */
export const mlpEncoder: EncoderKind = {
  id: 'mlp',
  label: 'Two fully connected layers (vectors)',
  source: 'UDI Lab; stands in for extracted features in tests and synthetic data',
  refuses: (input) => {
    const shape = fixedShape(input);
    return shape && shape.length > 0 && input.dtype !== 'int32' ? undefined : 'wants arrays of numbers with at least one axis, all axes of fixed length';
  },
  create: (input, random) => createMlpEncoder(fixedShape(input)!.reduce((size, each) => size * each, 1), 64, 64, random),
};
