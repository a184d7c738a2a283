import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import { createBatchNorm, createConv2d, createLinear, globalAveragePool, maxPool2d } from '../model/layers.ts';
import { fixedShape, prefixed, type Encoder, type EncoderKind, type EncoderPart, type ForwardMode } from '../model/module.ts';

/** Channels of the four convolutions, then the number of features. */
export type CgmnistWidths = readonly [conv1: number, conv2: number, conv3: number, conv4: number, features: number];

/** Creates the four-convolution network for images [B, H, W, channels] with the given widths. */
export function createCgmnistEncoder(channels: number, widths: CgmnistWidths, random: Random): Encoder {
  const [width1, width2, width3, width4, featureSize] = widths;
  const bn0 = createBatchNorm(channels);
  const conv1 = createConv2d({ inputs: channels, outputs: width1, kernel: 5, padding: 2 }, random);
  const conv2 = createConv2d({ inputs: width1, outputs: width2, kernel: 3, padding: 1 }, random);
  const conv3 = createConv2d({ inputs: width2, outputs: width3, kernel: 3, stride: 2, padding: 1 }, random);
  const conv4 = createConv2d({ inputs: width3, outputs: width4, kernel: 3, padding: 1 }, random);
  const fc = createLinear(width4, featureSize, random);
  const layers = { bn0, conv1, conv2, conv3, conv4, fc };
  const part = (channels: number, apply: (x: Tensor4D, mode: ForwardMode) => Tensor): EncoderPart => (
    { channels, apply: ({ values }, { mode }) => tf.tidy(() => apply(values as Tensor4D, mode)) });
  const parts = [
    // ReLU after the pool is the same function as before it, on a quarter of the values.
    part(width2, (x, mode) => conv2.apply(tf.relu(maxPool2d(conv1.apply(bn0.apply(x, mode)), 3, 2, 1)), 'relu')),
    part(width3, (x) => conv3.apply(x, 'relu')),
    part(width4, (x) => conv4.apply(x, 'relu')),
    part(featureSize, (x) => fc.apply(globalAveragePool(x))),
  ];
  return {
    featureSize,
    parts,
    parameters: Object.assign({}, ...Object.entries(layers).map(([name, layer]) => prefixed(name, layer.parameters))),
    buffers: prefixed('bn0', bn0.buffers),
    apply: ({ values }, pass) => tf.tidy(() => parts.reduce<Tensor>((x, each) => each.apply({ values: x }, pass), values) as Tensor2D),
    dispose: () => {
      for (const layer of Object.values(layers)) layer.dispose();
    },
  };
}

const widths: CgmnistWidths = [32, 32, 64, 64, 512];

/** The CGMNIST network of the PMR code: batch norm, convolutions 32, 32, 64, 64, global average pool, 512 features. */
export const cgmnistEncoder: EncoderKind = {
  id: 'cgmnist',
  label: 'Four convolutions for small images (CGMNIST)',
  source: 'Fan et al. 2023 (PMR), fanyunfeng-bit/Modal-Imbalance-PMR:models/basic_model.py',
  settings: {},
  refuses: (input) => {
    const shape = fixedShape(input);
    const fits = shape?.length === 3 && shape[0]! >= 8 && shape[1]! >= 8 && input.dtype !== 'int32';
    return fits ? undefined : 'wants images [height, width, channels] of at least 8 x 8 pixels, all of one size';
  },
  featureSize: () => widths[4],
  create: (input, _settings, random) => createCgmnistEncoder(fixedShape(input)![2]!, widths, random),
};
