import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import { createLinear, dropout } from '../model/layers.ts';
import { prefixed, type Encoder, type EncoderKind, type Input, type InputSpec, type Pass } from '../model/module.ts';

/**
 * Creates fully connected layers fc1, fc2, … with ReLU, and dropout, between them: `sizes` are the inputs, then the units of every
 * layer, the last of which are the features. Inputs with more than one axis are flattened. Of a masked input the
 * mean over the steps with content is taken, so that padding changes nothing; without any content it is zero.
 */
export function createMlpEncoder(sizes: readonly number[], random: Random, rate = 0): Encoder {
  const layers = sizes.slice(1).map((units, index) => createLinear(sizes[index]!, units, random));
  const features = sizes.at(-1)!;
  const apply = ({ values, mask }: Input, pass: Pass): Tensor2D => tf.tidy(() => layers.reduce(
    (x, layer, index) => layer.apply(index === 0 ? x : dropout(tf.relu(x), rate, pass)), tf.reshape(mask ? maskedMean(values, mask) : values, [-1, sizes[0]!]) as Tensor2D));
  return {
    featureSize: features,
    parts: [{ channels: features, apply }],
    parameters: Object.assign({}, ...layers.map((layer, index) => prefixed(`fc${index + 1}`, layer.parameters))),
    buffers: {},
    apply,
    dispose: () => {
      for (const layer of layers) layer.dispose();
    },
  };
}

/** Mean over the steps that the mask [B, steps] says have content; values are [B, steps, ...]. */
function maskedMean(values: Tensor, mask: Tensor2D): Tensor {
  const weights = tf.reshape(mask, [...mask.shape, ...new Array<number>(values.rank - 2).fill(1)]);
  return tf.div(tf.sum(tf.mul(values, weights), 1), tf.maximum(tf.sum(weights, 1), 1));
}

/** The axes that are flattened: all of them, or of a masked input those of one step. */
const vectorOf = ({ shape, masked }: InputSpec): readonly (number | null)[] => (masked ? shape.slice(1) : shape);

interface MlpSettings {
  readonly width: number;
  readonly layers: number;
  readonly dropout: number;
}

/** A perceptron for plain vectors, or the mean of a sequence of them; by default two layers, with 64 hidden units and 64 features. */
export const mlpEncoder: EncoderKind = {
  id: 'mlp',
  label: 'Fully connected layers (vectors)',
  source: 'UDI Lab; stands in for extracted features in tests and synthetic data',
  settings: {
    width: { type: 'number', integer: true, min: 1, default: 64, help: 'Units of every layer, and so the number of features.', source: 'UDI Lab' },
    layers: { type: 'number', integer: true, min: 1, max: 16, default: 2, help: 'Number of layers.', source: 'UDI Lab' },
    dropout: { type: 'number', min: 0, below: 1, default: 0, help: 'Share of the hidden units that a training step leaves out.', source: 'Srivastava et al. 2014' },
  },
  refuses: ({ shape, dtype, masked }) => {
    const fits = shape.length > 0 && vectorOf({ shape, ...(masked ? { masked } : {}) }).every((length) => length !== null) && dtype !== 'int32';
    return fits ? undefined : 'wants arrays of numbers with at least one axis; where the length of the first one varies, they must be masked';
  },
  featureSize: (_, settings) => (settings as unknown as MlpSettings).width,
  create: (input, settings, random) => {
    const { width, layers, dropout: rate } = settings as unknown as MlpSettings;
    return createMlpEncoder([vectorOf(input).reduce<number>((size, each) => size * each!, 1), ...new Array<number>(layers).fill(width)], random, rate);
  },
};
