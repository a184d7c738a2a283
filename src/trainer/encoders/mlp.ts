import * as tf from '@tensorflow/tfjs-core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import { createLinear, dropout } from '../model/layers.ts';
import { fixedShape, prefixed, type Encoder, type EncoderKind, type Input, type Pass } from '../model/module.ts';

/**
 * Creates fully connected layers fc1, fc2, … with ReLU, and dropout, between them: `sizes` are the inputs, then the units of every
 * layer, the last of which are the features. Inputs with more than one axis are flattened.
 */
export function createMlpEncoder(sizes: readonly number[], random: Random, rate = 0): Encoder {
  const layers = sizes.slice(1).map((units, index) => createLinear(sizes[index]!, units, random));
  const features = sizes.at(-1)!;
  const apply = ({ values }: Input, pass: Pass): Tensor2D => tf.tidy(() => layers.reduce(
    (x, layer, index) => layer.apply(index === 0 ? x : dropout(tf.relu(x), rate, pass)), tf.reshape(values, [-1, sizes[0]!]) as Tensor2D));
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

interface MlpSettings {
  readonly width: number;
  readonly layers: number;
  readonly dropout: number;
}

/** A perceptron for plain vectors; by default two layers, with 64 hidden units and 64 features. */
export const mlpEncoder: EncoderKind = {
  id: 'mlp',
  label: 'Fully connected layers (vectors)',
  source: 'UDI Lab; stands in for extracted features in tests and synthetic data',
  settings: {
    width: { type: 'number', integer: true, min: 1, default: 64, help: 'Units of every layer, and so the number of features.', source: 'UDI Lab' },
    layers: { type: 'number', integer: true, min: 1, max: 16, default: 2, help: 'Number of layers.', source: 'UDI Lab' },
    dropout: { type: 'number', min: 0, below: 1, default: 0, help: 'Share of the hidden units that a training step leaves out.', source: 'Srivastava et al. 2014' },
  },
  refuses: (input) => {
    const shape = fixedShape(input);
    return shape && shape.length > 0 && input.dtype !== 'int32' ? undefined : 'wants arrays of numbers with at least one axis, all axes of fixed length';
  },
  featureSize: (_, settings) => (settings as unknown as MlpSettings).width,
  create: (input, settings, random) => {
    const { width, layers, dropout: rate } = settings as unknown as MlpSettings;
    return createMlpEncoder([fixedShape(input)!.reduce((size, each) => size * each, 1), ...new Array<number>(layers).fill(width)], random, rate);
  },
};
