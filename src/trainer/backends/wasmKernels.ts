import * as tf from '@tensorflow/tfjs-core';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';
import { conv2dBackpropFilter, conv2dBackpropInput } from './wasmConvolution.ts';
import { floats, free, run, wasmOf, type KernelArguments, type Shape4D } from './wasmHeap.ts';

/**
 * Registers, over the stock WASM kernels of tfjs 4.22, those that training needs and that are missing there (gradients
 * of filters and of gather), wrong (oneHot) or slow (all others). Call it before the backend is first used; a second
 * call changes nothing.
 */
export function registerWasmKernels(): void {
  if (tf.getKernel(tf.Conv2DBackpropFilter, 'wasm')) return;
  tf.registerKernel({ kernelName: tf.Conv2DBackpropFilter, backendName: 'wasm', kernelFunc: conv2dBackpropFilter });
  tf.registerKernel({ kernelName: tf.UnsortedSegmentSum, backendName: 'wasm', kernelFunc: unsortedSegmentSum });
  replace(tf.Conv2DBackpropInput, () => conv2dBackpropInput);
  replace(tf.Identity, () => identity);
  replace(tf.BatchMatMul, (stock) => (args) => batchMatMul(stock, args));
  replace(tf.Sum, (stock) => (args) => sum(stock, args));
  replace(tf.OneHot, () => oneHot);
  replace(tf.MaxPoolGrad, () => maxPoolGrad);
  replace(tf.Slice, (stock) => (args) => slice(stock, args));
}

/** Puts another function in the place of a stock kernel, whose set-up stays, since the new one may fall back on it. */
function replace(kernelName: string, create: (stock: KernelFunc) => KernelFunc): void {
  const stock = tf.getKernel(kernelName, 'wasm');
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ ...stock, kernelFunc: create(stock.kernelFunc) });
}

/** Shares the data instead of copying it: tensors never change, and tfjs clones every tensor that a gradient needs. */
function identity(args: KernelArguments): TensorInfo {
  const { dataId, shape, dtype } = args.inputs['x']!;
  wasmOf(args).incRef(dataId);
  return { dataId, shape, dtype };
}

/** Matrix product; a transposed factor is transposed first, because only the plain product goes through XNNPACK. */
function batchMatMul(stock: KernelFunc, args: KernelArguments): TensorInfo {
  const backend = wasmOf(args);
  const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo };
  const { transposeA, transposeB } = args.attrs as unknown as tf.BatchMatMulAttrs;
  const transposed = (x: TensorInfo): TensorInfo => {
    const axes = x.shape.map((_, axis) => axis);
    return run(backend, tf.Transpose, { x }, { perm: [...axes.slice(0, -2), axes.length - 1, axes.length - 2] });
  };
  const left = transposeA ? transposed(a) : a;
  const right = transposeB ? transposed(b) : b;
  const result = stock({
    ...args,
    inputs: { a: left, b: right },
    attrs: { transposeA: false, transposeB: false },
  }) as TensorInfo;
  if (transposeA) free(backend, left);
  if (transposeB) free(backend, right);
  return result;
}

/** Sum; over all axes but the last (bias gradients, batch norm) in one pass, where the stock kernel transposes. */
function sum(stock: KernelFunc, args: KernelArguments): TensorInfo {
  const backend = wasmOf(args);
  const x = args.inputs['x']!;
  const { axis, keepDims } = args.attrs as unknown as tf.SumAttrs;
  const rank = x.shape.length;
  const axes = tf.util.parseAxisParam(axis, x.shape).sort((one, other) => one - other);
  const leading = rank > 1 && axes.length === rank - 1 && axes.every((each, index) => each === index);
  if (!leading || x.dtype !== 'float32') return stock(args) as TensorInfo;
  const columns = x.shape[rank - 1]!;
  const result = backend.makeOutput(keepDims ? [...axes.map(() => 1), columns] : [columns], 'float32');
  const values = floats(backend, x);
  const total = new Float64Array(columns);
  // Four rows at a time: reading and writing the totals is what costs.
  let row = 0;
  for (; row + 4 * columns <= values.length; row += 4 * columns) {
    for (let column = 0; column < columns; column++) {
      const at = row + column;
      total[column]! += values[at]! + values[at + columns]! + values[at + 2 * columns]! + values[at + 3 * columns]!;
    }
  }
  for (; row < values.length; row += columns) {
    for (let column = 0; column < columns; column++) total[column]! += values[row + column]!;
  }
  floats(backend, result).set(total);
  return result;
}

/** Gradient of max-pooling: dy goes to the first position of each window, in reading order, that holds the maximum. */
function maxPoolGrad(args: KernelArguments): TensorInfo {
  const backend = wasmOf(args);
  const { dy, input, output } = args.inputs as { dy: TensorInfo; input: TensorInfo; output: TensorInfo };
  const { filterSize, strides, pad, dimRoundingMode } = args.attrs as unknown as tf.MaxPoolGradAttrs;
  const info = tf.backend_util.computePool2DInfo(input.shape as Shape4D, filterSize, strides, 1, pad, dimRoundingMode);
  const { batchSize, inChannels, inHeight, inWidth, outHeight, outWidth, padInfo } = info;
  const result = backend.makeOutput(input.shape, 'float32');
  const [from, inputs, outputs, to] = [dy, input, output, result].map((tensor) => floats(backend, tensor)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  to.fill(0);
  let at = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      const top = outRow * info.strideHeight - padInfo.top;
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        const left = outColumn * info.strideWidth - padInfo.left;
        const firstRow = Math.max(0, top);
        const lastRow = Math.min(inHeight, top + info.filterHeight);
        const firstColumn = Math.max(0, left);
        const lastColumn = Math.min(inWidth, left + info.filterWidth);
        for (let channel = 0; channel < inChannels; channel++, at++) {
          const maximum = outputs[at]!;
          search: for (let row = firstRow; row < lastRow; row++) {
            const line = (image * inHeight + row) * inWidth;
            for (let column = firstColumn; column < lastColumn; column++) {
              const index = (line + column) * inChannels + channel;
              if (inputs[index] !== maximum) continue;
              to[index]! += from[at]!;
              break search;
            }
          }
        }
      }
    }
  }
  return result;
}

/** Slice; elements that lie together (the first axis cut) are copied directly, while the stock kernel copies all of x. */
function slice(stock: KernelFunc, args: KernelArguments): TensorInfo {
  const backend = wasmOf(args);
  const x = args.inputs['x']!;
  const { begin, size } = args.attrs as unknown as tf.SliceAttrs;
  const [first, shape] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size);
  if (x.dtype === 'string' || !tf.slice_util.isSliceContinous(x.shape, first!, shape!))
    return stock(args) as TensorInfo;
  const offset = tf.slice_util.computeFlatOffset(first!, tf.util.computeStrides(x.shape));
  const result = backend.makeOutput(shape!, x.dtype);
  const count = tf.util.sizeFromShape(shape!);
  backend.typedArrayFromHeap(result).set(backend.typedArrayFromHeap(x).subarray(offset, offset + count));
  return result;
}

/** One-hot rows. The stock kernel writes integers whatever the type, which are not 0 and 1 when read as float32. */
function oneHot(args: KernelArguments): TensorInfo {
  const backend = wasmOf(args);
  const indices = args.inputs['indices']!;
  const { dtype, depth, onValue, offValue } = args.attrs as unknown as tf.OneHotAttrs;
  const result = backend.makeOutput([...indices.shape, depth], dtype);
  const from = backend.typedArrayFromHeap(indices);
  const to = backend.typedArrayFromHeap(result);
  to.fill(offValue);
  for (let row = 0; row < from.length; row++) {
    const hot = from[row]!;
    if (hot >= 0 && hot < depth) to[row * depth + hot] = onValue;
  }
  return result;
}

/** Adds up the slices of x that have the same number (gradient of gather); leaves out numbers that are no segment. */
function unsortedSegmentSum(args: KernelArguments): TensorInfo {
  const backend = wasmOf(args);
  const { x, segmentIds } = args.inputs as { x: TensorInfo; segmentIds: TensorInfo };
  const { numSegments } = args.attrs as unknown as tf.UnsortedSegmentSumAttrs;
  const inner = x.shape.slice(segmentIds.shape.length);
  const size = tf.util.sizeFromShape(inner);
  const result = backend.makeOutput([numSegments, ...inner], x.dtype);
  const [from, ids, to] = [x, segmentIds, result].map((tensor) => backend.typedArrayFromHeap(tensor)) as [
    tf.TypedArray,
    tf.TypedArray,
    tf.TypedArray,
  ];
  to.fill(0);
  for (let row = 0; row < ids.length; row++) {
    const id = ids[row]!;
    if (id < 0 || id >= numSegments) continue;
    for (let index = 0; index < size; index++) to[id * size + index]! += from[row * size + index]!;
  }
  return result;
}
