import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';

type KernelArguments = Parameters<KernelFunc>[0];
type Shape4D = [number, number, number, number];

/** Registers, over the stock WASM kernels, those that are missing (training of convolutions) or slow. See design.md §4. */
export function registerWasmKernels(): void {
  replace(tf.Identity, identity);
  replace(tf.Conv2DBackpropFilter, conv2dBackpropFilter);
  replace(tf.Conv2DBackpropInput, conv2dBackpropInput);
  const stockProduct = tf.getKernel(tf.BatchMatMul, 'wasm').kernelFunc;
  replace(tf.BatchMatMul, (args) => batchMatMul(stockProduct, args), tf.getKernel(tf.BatchMatMul, 'wasm').setupFunc);
}

function replace(kernelName: string, kernelFunc: KernelFunc, setupFunc?: tf.KernelConfig['setupFunc']): void {
  if (tf.getKernel(kernelName, 'wasm')) tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc, setupFunc });
}

function run(backend: BackendWasm, kernelName: string, inputs: NamedTensorInfoMap, attrs: object = {}): TensorInfo {
  return tf.getKernel(kernelName, 'wasm').kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as TensorInfo;
}

function free(backend: BackendWasm, ...tensors: TensorInfo[]): void {
  for (const { dataId } of tensors) backend.disposeData(dataId);
}

/** Shares the data instead of copying it: tensors never change, and tfjs clones every tensor that a gradient needs. */
function identity({ inputs, backend }: KernelArguments): TensorInfo {
  const { dataId, shape, dtype } = inputs['x']!;
  (backend as BackendWasm).incRef(dataId);
  return { dataId, shape, dtype };
}

function batchMatMul(stock: KernelFunc, args: KernelArguments): TensorInfo {
  const backend = args.backend as BackendWasm;
  const { a, b } = args.inputs as { a: TensorInfo; b: TensorInfo };
  const { transposeA, transposeB } = args.attrs as unknown as tf.BatchMatMulAttrs;
  const flip = (x: TensorInfo): TensorInfo => {
    const perm = x.shape.map((_, axis) => axis);
    perm.push(...perm.splice(-2).reverse());
    return run(backend, tf.Transpose, { x }, { perm });
  };
  const left = transposeA ? flip(a) : a;
  const right = transposeB ? flip(b) : b;
  const result = stock({ ...args, inputs: { a: left, b: right }, attrs: { transposeA: false, transposeB: false } }) as TensorInfo;
  if (transposeA) free(backend, left);
  if (transposeB) free(backend, right);
  return result;
}

function conv2dBackpropFilter(args: KernelArguments): TensorInfo {
  const backend = args.backend as BackendWasm;
  const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo };
  const { strides, pad, dimRoundingMode, filterShape } = args.attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  const info = tf.backend_util.computeConv2DInfo(x.shape as Shape4D, filterShape, strides, 1, pad, dimRoundingMode);
  const { top, left } = info.padInfo;
  const rows = info.filterHeight + (info.outHeight - 1) * info.strideHeight - top;
  const columns = info.filterWidth + (info.outWidth - 1) * info.strideWidth - left;
  const swapped = run(backend, tf.Transpose, { x }, { perm: [3, 1, 2, 0] });
  const used = run(backend, tf.Slice, { x: swapped }, { begin: [0, 0, 0, 0], size: [info.inChannels, Math.min(rows, info.inHeight), Math.min(columns, info.inWidth), info.batchSize] });
  const kernel = run(backend, tf.Transpose, { x: dy }, { perm: [1, 2, 0, 3] });
  const out = run(backend, tf.Conv2D, { x: used, filter: kernel }, {
    strides: [1, 1], dilations: [info.strideHeight, info.strideWidth], dataFormat: 'NHWC',
    pad: [[0, 0], [top, Math.max(0, rows - info.inHeight)], [left, Math.max(0, columns - info.inWidth)], [0, 0]],
  });
  const result = run(backend, tf.Transpose, { x: out }, { perm: [1, 2, 0, 3] });
  free(backend, swapped, used, kernel, out);
  return result;
}

function conv2dBackpropInput(args: KernelArguments): TensorInfo {
  const backend = args.backend as BackendWasm;
  const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo };
  const { strides, pad, dimRoundingMode, inputShape } = args.attrs as unknown as tf.Conv2DBackpropInputAttrs;
  const info = tf.backend_util.computeConv2DInfo(inputShape, filter.shape as Shape4D, strides, 1, pad, dimRoundingMode);
  const { batchSize, inChannels, outChannels, filterHeight, filterWidth, inHeight, inWidth, outHeight, outWidth } = info;
  const patch = filterHeight * filterWidth * inChannels;
  const pixels = batchSize * outHeight * outWidth;
  const flat = { dataId: filter.dataId, dtype: filter.dtype, shape: [patch, outChannels] };
  const transposed = run(backend, tf.Transpose, { x: flat }, { perm: [1, 0] });
  const rows = { dataId: dy.dataId, dtype: dy.dtype, shape: [pixels, outChannels] };
  const columns = run(backend, tf.BatchMatMul, { a: rows, b: transposed }, { transposeA: false, transposeB: false });
  const out = backend.makeOutput(inputShape, 'float32');
  const from = backend.typedArrayFromHeap(columns) as Float32Array;
  const to = backend.typedArrayFromHeap(out) as Float32Array;
  to.fill(0);
  let at = 0;
  for (let image = 0; image < batchSize; image++) {
    for (let outRow = 0; outRow < outHeight; outRow++) {
      for (let outColumn = 0; outColumn < outWidth; outColumn++) {
        for (let filterRow = 0; filterRow < filterHeight; filterRow++) {
          const row = outRow * info.strideHeight - info.padInfo.top + filterRow;
          for (let filterColumn = 0; filterColumn < filterWidth; filterColumn++, at += inChannels) {
            const column = outColumn * info.strideWidth - info.padInfo.left + filterColumn;
            if (row < 0 || row >= inHeight || column < 0 || column >= inWidth) continue;
            const base = ((image * inHeight + row) * inWidth + column) * inChannels;
            for (let channel = 0; channel < inChannels; channel++) to[base + channel]! += from[at + channel]!;
          }
        }
      }
    }
  }
  free(backend, transposed, columns);
  return out;
}
