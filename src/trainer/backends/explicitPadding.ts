import * as tf from '@tensorflow/tfjs-core';
import type { KernelConfig, KernelFunc, Tensor4D } from '@tensorflow/tfjs-core';

type KernelArguments = Parameters<KernelFunc>[0];
type Wrapper = (stock: KernelConfig, args: KernelArguments) => ReturnType<KernelFunc>;

/** Attributes that convolutions and pools share. */
interface PaddedAttributes {
  readonly pad: number | 'same' | 'valid' | tf.backend_util.ExplicitPadding;
  readonly inputShape?: number[];
}

/** Lowest finite float32: in a maximum it stands for -∞. */
const LOWEST = -3.4028234663852886e38;

/**
 * Gives a backend that knows only `same` and `valid` (tfjs-node: gradients of convolutions, all pools) explicit
 * padding: the input is padded first, then the backend's own kernel runs with `valid`. Exact, at the price of a copy.
 */
export function registerExplicitPadding(backendName: string): void {
  wrapKernel(tf.MaxPool, backendName, (stock, args) => withPadded(stock, args, 'x', LOWEST));
  wrapKernel(tf.MaxPoolGrad, backendName, (stock, args) => cropped(withPadded(stock, args, 'input', LOWEST), args, args.inputs['input']!.shape));
  wrapKernel(tf.Conv2DBackpropFilter, backendName, (stock, args) => withPadded(stock, args, 'x', 0));
  wrapKernel(tf.Conv2DBackpropInput, backendName, (stock, args) => {
    const { inputShape } = attributesOf(args);
    const padding = paddingOf(args);
    const padded = inputShape!.map((size, axis) => size + padding[axis]![0] + padding[axis]![1]);
    const attrs = { ...args.attrs, pad: 'valid', inputShape: padded };
    return cropped(stock.kernelFunc({ ...args, attrs }), args, inputShape!);
  });
}

function wrapKernel(kernelName: string, backendName: string, wrapper: Wrapper): void {
  const stock = tf.getKernel(kernelName, backendName);
  const kernelFunc: KernelFunc = (args) => {
    const { pad } = attributesOf(args);
    return pad === 'same' || pad === 'valid' ? stock.kernelFunc(args) : wrapper(stock, args);
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
  if (typeof pad === 'number') return [[0, 0], [pad, pad], [pad, pad], [0, 0]];
  return (pad as [number, number][]).map(([before, after]) => [before, after]);
}

function withPadded(stock: KernelConfig, args: KernelArguments, input: string, value: number): ReturnType<KernelFunc> {
  const padded = tf.pad(args.inputs[input] as Tensor4D, paddingOf(args), value);
  const result = stock.kernelFunc({ ...args, inputs: { ...args.inputs, [input]: padded }, attrs: { ...args.attrs, pad: 'valid' } });
  padded.dispose();
  return result;
}

function cropped(result: ReturnType<KernelFunc>, args: KernelArguments, shape: number[]): ReturnType<KernelFunc> {
  const gradient = result as Tensor4D;
  const begin = paddingOf(args).map(([before]) => before);
  const inner = tf.slice(gradient, begin as [number, number, number, number], shape as [number, number, number, number]);
  gradient.dispose();
  return inner;
}
