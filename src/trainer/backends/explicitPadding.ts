import * as tf from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedTensorMap, Tensor4D } from '@tensorflow/tfjs-core';

type KernelArguments = Parameters<KernelFunc>[0];
type Shape4D = [number, number, number, number];

/** Attributes that convolutions and pools share. */
interface PaddedAttributes {
  readonly pad: number | 'same' | 'valid' | tf.backend_util.ExplicitPadding;
  readonly inputShape?: Shape4D;
}

/** Lowest finite float32: in a maximum it stands for -∞. */
const LOWEST = -3.4028234663852886e38;

/**
 * Gives a backend that knows only `same` and `valid` (tfjs-node) explicit padding for convolutions, max-pools and their
 * gradients: the input is padded first, then the backend's own kernel runs with `valid`. Exact, at the price of a copy.
 */
export function registerExplicitPadding(backendName: string): void {
  for (const kernelName of [tf.Conv2D, tf.FusedConv2D, tf.Conv2DBackpropFilter]) {
    replace(kernelName, backendName, (args) => runPadded(kernelName, args, 'x', 0));
  }
  replace(tf.MaxPool, backendName, (args) => runPadded(tf.MaxPool, args, 'x', LOWEST));
  replace(tf.MaxPoolGrad, backendName, (args) =>
    cropped(runPadded(tf.MaxPoolGrad, args, 'input', LOWEST), args, args.inputs['input']!.shape as Shape4D),
  );
  replace(tf.Conv2DBackpropInput, backendName, (args) => {
    const { inputShape } = attributesOf(args);
    const padding = paddingOf(args);
    const padded = inputShape!.map((size, axis) => size + padding[axis]![0] + padding[axis]![1]);
    const attributes = { ...args.attrs, pad: 'valid', inputShape: padded };
    const gradient = tf.engine().runKernel<Tensor4D>(tf.Conv2DBackpropInput, args.inputs as NamedTensorMap, attributes);
    return cropped(gradient, args, inputShape!);
  });
}

/** Sends explicit padding to `padded`, everything else to the kernel that was there. */
function replace(kernelName: string, backendName: string, padded: (args: KernelArguments) => Tensor4D): void {
  const stock = tf.getKernel(kernelName, backendName);
  const kernelFunc: KernelFunc = (args) => {
    const { pad } = attributesOf(args);
    return pad === 'same' || pad === 'valid' ? stock.kernelFunc(args) : padded(args);
  };
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ ...stock, kernelFunc });
}

function attributesOf(args: KernelArguments): PaddedAttributes {
  return args.attrs as unknown as PaddedAttributes;
}

/** Values before and after each of the four axes. */
function paddingOf(args: KernelArguments): [number, number][] {
  const { pad } = attributesOf(args);
  if (typeof pad === 'number')
    return [
      [0, 0],
      [pad, pad],
      [pad, pad],
      [0, 0],
    ];
  return (pad as [number, number][]).map(([before, after]) => [before, after]);
}

function runPadded(kernelName: string, args: KernelArguments, input: string, value: number): Tensor4D {
  const padded = tf.pad(args.inputs[input] as Tensor4D, paddingOf(args), value);
  const inputs = { ...args.inputs, [input]: padded } as NamedTensorMap;
  const result = tf.engine().runKernel<Tensor4D>(kernelName, inputs, { ...args.attrs, pad: 'valid' });
  padded.dispose();
  return result;
}

function cropped(gradient: Tensor4D, args: KernelArguments, shape: Shape4D): Tensor4D {
  const inner = tf.slice(gradient, paddingOf(args).map(([before]) => before) as Shape4D, shape);
  gradient.dispose();
  return inner;
}
