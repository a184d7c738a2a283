import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import type { ForwardMode, Module, Pass } from './module.ts';

/** Weight of the new batch in the running statistics, and what is added to a variance; PyTorch's defaults. */
const NORM_MOMENTUM = 0.1;
const NORM_EPSILON = 1e-5;

/** An affine map of the last axis: [B, inputs] to [B, outputs], `weight` [inputs, outputs], `bias` [outputs]. */
export interface Linear extends Module {
  apply(input: Tensor2D): Tensor2D;
}

/** A 2-D cross-correlation: [B, H, W, inputs] to [B, H', W', outputs]; `weight` [kh, kw, inputs, outputs], `bias`. */
export interface Conv2d extends Module {
  /** With `relu` the activation is part of the same kernel, which is cheaper than a separate one. */
  apply(input: Tensor4D, activation?: 'linear' | 'relu'): Tensor4D;
}

/** Batch normalisation over all axes but the last; `weight`, `bias`, `running_mean` and `running_var` are [C]. */
export interface BatchNorm extends Module {
  apply<T extends Tensor>(input: T, mode: ForwardMode): T;
}

/** Shape of a convolution; `padding` zeros on each side of both spatial axes, as PyTorch counts them. */
export interface Conv2dOptions {
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
}

/** Takes the mean and the biased variance [C] of `count` values. */
type KeepStatistics = (mean: Tensor, variance: Tensor, count: number) => void;

function normalVariable(shape: number[], deviation: number, random: Random): Variable {
  const values = Float32Array.from(
    { length: shape.reduce((size, each) => size * each, 1) },
    () => deviation * random.normal(),
  );
  return tf.tidy(() => tf.variable(tf.tensor(values, shape)));
}

function filledVariable(size: number, value: number, trainable = true): Variable {
  return tf.tidy(() => tf.variable(tf.fill([size], value), trainable));
}

function disposeVariables(...records: Readonly<Record<string, Variable>>[]): void {
  for (const record of records) for (const variable of Object.values(record)) variable.dispose();
}

/** Linear layer with Xavier-normal weights and zero bias (methods.md 6.4; torch.nn.init.xavier_normal_). */
export function createLinear(inputs: number, outputs: number, random: Random): Linear {
  const weight = normalVariable([inputs, outputs], Math.sqrt(2 / (inputs + outputs)), random);
  const bias = filledVariable(outputs, 0);
  return {
    parameters: { weight, bias },
    buffers: {},
    apply: (input) => tf.add(tf.matMul(input, weight as Variable as Tensor2D), bias),
    dispose: () => disposeVariables({ weight, bias }),
  };
}

/** Convolution with He-normal fan-out weights and zero bias (methods.md 6.4; torch.nn.init.kaiming_normal_). */
export function createConv2d(options: Conv2dOptions, random: Random): Conv2d {
  const { inputs, outputs, kernel, stride = 1, padding = 0 } = options;
  const weight = normalVariable([kernel, kernel, inputs, outputs], Math.sqrt(2 / (kernel * kernel * outputs)), random);
  const bias = filledVariable(outputs, 0);
  return {
    parameters: { weight, bias },
    buffers: {},
    apply: (input, activation = 'linear') =>
      tf
        .engine()
        .runKernel<Tensor4D>(
          tf.FusedConv2D,
          { x: input, filter: weight, bias },
          { strides: [stride, stride], pad: padding, dataFormat: 'NHWC', dilations: [1, 1], activation },
        ),
    dispose: () => disposeVariables({ weight, bias }),
  };
}

/** Batch normalisation as in PyTorch: momentum 0.1, epsilon 1e-5, weight 1, bias 0, unbiased running variance. */
export function createBatchNorm(channels: number): BatchNorm {
  const parameters = { weight: filledVariable(channels, 1), bias: filledVariable(channels, 0) };
  const buffers = { running_mean: filledVariable(channels, 0, false), running_var: filledVariable(channels, 1, false) };
  const update = (buffer: Variable, batch: Tensor): void =>
    buffer.assign(tf.add(tf.mul(buffer, 1 - NORM_MOMENTUM), tf.mul(batch, NORM_MOMENTUM)));
  const keep: KeepStatistics = (mean, variance, count) => {
    update(buffers.running_mean, mean);
    update(buffers.running_var, tf.mul(variance, count / (count - 1)));
  };
  return {
    parameters,
    buffers,
    apply: <T extends Tensor>(input: T, mode: ForwardMode) =>
      tf.tidy((): T => {
        // One long row per sample: broadcasting over few channels takes ten times as long as over a whole row.
        const rows = tf.reshape(input, [input.shape[0]!, -1]) as Tensor2D;
        const repeats = rows.shape[1] / channels;
        if (mode === 'evaluate') {
          const scale = tf.mul(tf.rsqrt(tf.add(buffers.running_var, NORM_EPSILON)), parameters.weight);
          const offset = tf.sub(parameters.bias, tf.mul(buffers.running_mean, scale));
          return tf.reshape(
            tf.add(tf.mul(rows, tf.tile(scale, [repeats])), tf.tile(offset, [repeats])),
            input.shape,
          ) as T;
        }
        return tf.reshape(normalise(rows, parameters, repeats, mode === 'train' ? keep : undefined), input.shape) as T;
      }),
    dispose: () => disposeVariables(parameters, buffers),
  };
}

/**
 * (x - mean) / sqrt(variance + ε) · weight + bias of rows [B, repeats · C], with the statistics of each channel, which
 * are also given to `keep`. The gradient goes through the statistics, in closed form (Ioffe & Szegedy 2015, section 3).
 */
function normalise(
  rows: Tensor2D,
  variables: { weight: Variable; bias: Variable },
  repeats: number,
  keep?: KeepStatistics,
): Tensor2D {
  const channels = rows.shape[1] / repeats;
  const count = rows.shape[0] * repeats;
  const sum = (x: Tensor): Tensor => tf.sum(tf.reshape(x, [count, channels]), 0);
  const spread = (x: Tensor): Tensor => tf.tile(x, [repeats]);
  const operation = tf.customGrad((...given: (Tensor | tf.GradSaveFunc)[]) => {
    const [x, weight, bias, save] = given as [Tensor, Tensor, Tensor, tf.GradSaveFunc];
    const mean = tf.div(sum(x), count);
    const centred = tf.sub(x, spread(mean));
    const variance = tf.div(sum(tf.square(centred)), count);
    keep?.(mean, variance, count);
    const inverse = tf.rsqrt(tf.add(variance, NORM_EPSILON));
    const normal = tf.mul(centred, spread(inverse));
    save([normal, tf.mul(inverse, weight)]);
    return {
      value: tf.add(tf.mul(normal, spread(weight)), spread(bias)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [savedNormal, scale] = saved as [Tensor, Tensor];
        const dBias = sum(dy);
        const dWeight = sum(tf.mul(dy, savedNormal));
        const offset = tf.add(spread(tf.div(dBias, count)), tf.mul(savedNormal, spread(tf.div(dWeight, count))));
        return [tf.mul(tf.sub(dy, offset), spread(scale)), dWeight, dBias];
      },
    };
  });
  return operation(rows, variables.weight, variables.bias) as Tensor2D;
}

/** Max-pooling; the `padding` on each side counts as -∞, as in PyTorch. Halves [B, 28, 28, C] with (3, 2, 1). */
export function maxPool2d(input: Tensor4D, size: number, stride: number, padding: number): Tensor4D {
  return tf.maxPool(input, size, stride, padding);
}

/** Sets values to 0 with probability `rate` and divides the others by 1 - `rate`, as PyTorch's dropout; only hands them on in `evaluate`. */
export function dropout<T extends Tensor>(input: T, rate: number, { mode, random }: Pass): T {
  if (mode === 'evaluate' || rate === 0) return input;
  const mask = new Float32Array(input.size);
  for (let index = 0; index < mask.length; index++) mask[index] = random.uniform() < rate ? 0 : 1 / (1 - rate);
  return tf.mul(input, tf.tensor(mask, input.shape));
}

/** Mean over both spatial axes: [B, H, W, C] to [B, C]. */
export function globalAveragePool(input: Tensor4D): Tensor2D {
  return tf.mean(input, [1, 2]);
}

/**
 * Gradient of the fused convolution, so that `Conv2d` can call that kernel directly: tfjs-core's own `tf.fused.conv2d`
 * falls apart into single operations as soon as a gradient is recorded, and its gradient always includes the input's.
 */
tf.registerGradient({
  kernelName: tf.FusedConv2D,
  inputsToSave: ['x', 'filter'],
  outputsToSave: [true],
  gradFunc: (dy, saved, attributes) => {
    const [x, filter, y] = saved as [Tensor4D, Tensor4D, Tensor4D];
    const { strides, pad, dataFormat, activation } = attributes as unknown as tf.FusedConv2DAttrs;
    const masked = activation === 'relu' ? tf.mul(dy as Tensor, tf.step(y)) : (dy as Tensor);
    const shared = { strides, pad, dataFormat };
    return {
      x: () =>
        tf.engine().runKernel(tf.Conv2DBackpropInput, { dy: masked, filter }, { ...shared, inputShape: x.shape }),
      filter: () =>
        tf.engine().runKernel(tf.Conv2DBackpropFilter, { x, dy: masked }, { ...shared, filterShape: filter.shape }),
      bias: () => tf.sum(masked, [0, 1, 2]),
    };
  },
});
