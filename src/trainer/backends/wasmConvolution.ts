import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { floats, free, reshaped, run, wasmOf, type KernelArguments, type Shape4D } from './wasmHeap.ts';

type ConvInfo = tf.backend_util.Conv2DInfo;

/** Size of a block of patches, half a megabyte: stays in a processor's second-level cache. */
const FLOATS_PER_BLOCK = 2 ** 17;

/** Fewer input channels than this leave most of XNNPACK's convolution tile unused. */
const NARROW = 8;

/**
 * Gradient of a convolution's filter; the stock backend has none. Block by block of output rows, the input's patches
 * are laid out as [kh·kw·C, pixels] and multiplied by dy [pixels, C'], which is XNNPACK's fastest product. With the
 * batch as the last axis, a row of patches is one stretch of the padded input, so that laying out is mere copying.
 */
export function conv2dBackpropFilter(args: KernelArguments): TensorInfo {
  const backend = wasmOf(args);
  const { x, dy } = args.inputs as { x: TensorInfo; dy: TensorInfo };
  const { strides, pad, dimRoundingMode, filterShape } = args.attrs as unknown as tf.Conv2DBackpropFilterAttrs;
  const info = tf.backend_util.computeConv2DInfo(x.shape as Shape4D, filterShape, strides, 1, pad, dimRoundingMode);
  const { batchSize, inChannels, outChannels, outHeight, outWidth } = info;
  const planes = paddedPlanes(backend, x, info);
  const gradient = run(backend, tf.Transpose, { x: dy }, { perm: [1, 2, 0, 3] });
  const rows = info.filterHeight * info.filterWidth * inChannels;
  const pixels = outWidth * batchSize;
  const lines = linesPerBlock(outHeight, rows * pixels);
  const scratch = backend.makeOutput([rows, lines * pixels], 'float32');
  const total = new Float64Array(rows * outChannels);
  for (let first = 0; first < outHeight; first += lines) {
    const count = Math.min(lines, outHeight - first);
    const patches = reshaped(scratch, [rows, count * pixels]);
    layOutPatches(floats(backend, planes), planes.shape as Shape4D, floats(backend, patches), info, first, count);
    const block = run(
      backend,
      tf.Slice,
      { x: gradient },
      { begin: [first, 0, 0, 0], size: [count, outWidth, batchSize, outChannels] },
    );
    const product = multiply(backend, patches, reshaped(block, [count * pixels, outChannels]));
    const values = floats(backend, product);
    for (let index = 0; index < total.length; index++) total[index]! += values[index]!;
    free(backend, block, product);
  }
  const result = backend.makeOutput(filterShape, 'float32');
  floats(backend, result).set(total);
  free(backend, planes, gradient, scratch);
  return result;
}

/** The input [N, H, W, C] as [C, H, W, N] with the padding around it. */
function paddedPlanes(
  backend: BackendWasm,
  x: TensorInfo,
  { batchSize, inChannels, inHeight, inWidth, padInfo }: ConvInfo,
): TensorInfo {
  const transposed = run(backend, tf.Transpose, { x }, { perm: [3, 1, 2, 0] });
  if (padInfo.top + padInfo.bottom + padInfo.left + padInfo.right === 0) return transposed;
  const height = padInfo.top + inHeight + padInfo.bottom;
  const width = padInfo.left + inWidth + padInfo.right;
  const planes = backend.makeOutput([inChannels, height, width, batchSize], 'float32');
  const from = floats(backend, transposed);
  const to = floats(backend, planes);
  const length = inWidth * batchSize;
  to.fill(0);
  for (let line = 0; line < inChannels * inHeight; line++) {
    const target = Math.floor(line / inHeight) * height + padInfo.top + (line % inHeight);
    to.set(from.subarray(line * length, (line + 1) * length), (target * width + padInfo.left) * batchSize);
  }
  free(backend, transposed);
  return planes;
}

/** Fills [kh·kw·C, lines·W'·N] with the patches of the output rows from `first` on, out of padded [C, H, W, N]. */
function layOutPatches(
  planes: Float32Array,
  [channels, height, width, batch]: Shape4D,
  patches: Float32Array,
  info: ConvInfo,
  first: number,
  lines: number,
): void {
  const { outWidth, strideHeight, strideWidth } = info;
  const length = outWidth * batch;
  let to = 0;
  for (let y = 0; y < info.filterHeight; y++) {
    for (let x = 0; x < info.filterWidth; x++) {
      for (let channel = 0; channel < channels; channel++) {
        for (let line = first; line < first + lines; line++, to += length) {
          const from = ((channel * height + line * strideHeight + y) * width + x) * batch;
          if (strideWidth === 1) {
            patches.set(planes.subarray(from, from + length), to);
            continue;
          }
          for (let column = 0; column < outWidth; column++) {
            const source = from + column * strideWidth * batch;
            const target = to + column * batch;
            for (let image = 0; image < batch; image++) patches[target + image] = planes[source + image]!;
          }
        }
      }
    }
  }
}

/** How many of `count` lines of `size` floats make one block: all blocks about as long, none over the limit. */
function linesPerBlock(count: number, size: number): number {
  return Math.ceil(count / Math.ceil((count * size) / FLOATS_PER_BLOCK));
}

function multiply(backend: BackendWasm, a: TensorInfo, b: TensorInfo): TensorInfo {
  return run(backend, tf.BatchMatMul, { a, b }, { transposeA: false, transposeB: false });
}

/** First and one past the last output position whose input `position · stride - before + offset` is in the image. */
function inside(size: number, outSize: number, stride: number, before: number, offset: number): [number, number] {
  const shift = offset - before;
  const begin = Math.max(0, Math.ceil(-shift / stride));
  const end = Math.min(outSize, Math.ceil((size - shift) / stride));
  return [begin, Math.max(begin, end)];
}

/**
 * Gradient of a convolution's input, in place of the stock loop: with stride 1 the convolution of dy with the turned
 * filter; else (and for few channels) dy times the transposed filter, whose patches are added up.
 */
export function conv2dBackpropInput(args: KernelArguments): TensorInfo {
  const backend = wasmOf(args);
  const { dy, filter } = args.inputs as { dy: TensorInfo; filter: TensorInfo };
  const { strides, pad, dimRoundingMode, inputShape } = args.attrs as unknown as tf.Conv2DBackpropInputAttrs;
  const info = tf.backend_util.computeConv2DInfo(inputShape, filter.shape as Shape4D, strides, 1, pad, dimRoundingMode);
  const padding = [info.filterHeight - 1 - info.padInfo.top, info.filterWidth - 1 - info.padInfo.left];
  const asConvolution =
    info.strideHeight === 1 && info.strideWidth === 1 && info.inChannels >= NARROW && Math.min(...padding) >= 0;
  return asConvolution ? convolveWithTurned(backend, dy, filter, info) : addUpPatches(backend, dy, filter, info);
}

function convolveWithTurned(backend: BackendWasm, dy: TensorInfo, filter: TensorInfo, info: ConvInfo): TensorInfo {
  const { filterHeight, filterWidth, inHeight, inWidth, outHeight, outWidth, padInfo } = info;
  const turned = turn(backend, filter, info);
  const top = filterHeight - 1 - padInfo.top;
  const left = filterWidth - 1 - padInfo.left;
  const bottom = inHeight - outHeight + padInfo.top;
  const right = inWidth - outWidth + padInfo.left;
  const result = run(
    backend,
    tf.Conv2D,
    { x: dy, filter: turned },
    {
      strides: [1, 1],
      dilations: [1, 1],
      dataFormat: 'NHWC',
      pad: [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ],
    },
  );
  free(backend, turned);
  return result;
}

/** The filter [kh, kw, C, C'] turned by 180° and with input and output channels exchanged. */
function turn(
  backend: BackendWasm,
  filter: TensorInfo,
  { filterHeight, filterWidth, inChannels, outChannels }: ConvInfo,
): TensorInfo {
  const result = backend.makeOutput([filterHeight, filterWidth, outChannels, inChannels], 'float32');
  const from = floats(backend, filter);
  const to = floats(backend, result);
  let at = 0;
  for (let position = filterHeight * filterWidth - 1; position >= 0; position--) {
    const base = position * inChannels * outChannels;
    for (let outChannel = 0; outChannel < outChannels; outChannel++) {
      for (let inChannel = 0; inChannel < inChannels; inChannel++, at++)
        to[at] = from[base + inChannel * outChannels + outChannel]!;
    }
  }
  return result;
}

function addUpPatches(backend: BackendWasm, dy: TensorInfo, filter: TensorInfo, info: ConvInfo): TensorInfo {
  const { batchSize, inChannels, outChannels, filterHeight, filterWidth, outHeight, outWidth } = info;
  const patch = filterHeight * filterWidth * inChannels;
  const pixels = outHeight * outWidth;
  const images = linesPerBlock(batchSize, patch * pixels);
  const transposed = run(backend, tf.Transpose, { x: reshaped(filter, [patch, outChannels]) }, { perm: [1, 0] });
  const result = backend.makeOutput(info.inShape, 'float32');
  floats(backend, result).fill(0);
  for (let first = 0; first < batchSize; first += images) {
    const count = Math.min(images, batchSize - first);
    const block = run(
      backend,
      tf.Slice,
      { x: dy },
      { begin: [first, 0, 0, 0], size: [count, outHeight, outWidth, outChannels] },
    );
    const patches = multiply(backend, reshaped(block, [count * pixels, outChannels]), transposed);
    addPatches(floats(backend, patches), floats(backend, result), info, first, count);
    free(backend, block, patches);
  }
  free(backend, transposed);
  return result;
}

/** Adds patches [images·H'·W', kh·kw·C] to images [N, H, W, C] at the places they were taken from. */
function addPatches(patches: Float32Array, images: Float32Array, info: ConvInfo, first: number, count: number): void {
  const { inChannels, inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth, filterHeight, filterWidth } =
    info;
  const line = filterWidth * inChannels;
  for (let image = 0; image < count; image++) {
    for (let y = 0; y < filterHeight; y++) {
      const [top, bottom] = inside(inHeight, outHeight, strideHeight, info.padInfo.top, y);
      for (let outRow = top; outRow < bottom; outRow++) {
        const row = ((first + image) * inHeight + outRow * strideHeight - info.padInfo.top + y) * inWidth;
        for (let outColumn = 0; outColumn < outWidth; outColumn++) {
          // Within one row of the filter, pixels and channels lie one after the other in the patch and in the image.
          const start = outColumn * strideWidth - info.padInfo.left;
          const begin = start < 0 ? -start * inChannels : 0;
          const end = start + filterWidth > inWidth ? (inWidth - start) * inChannels : line;
          const from = (((image * outHeight + outRow) * outWidth + outColumn) * filterHeight + y) * line;
          const to = (row + start) * inChannels;
          for (let index = begin; index < end; index++) images[to + index]! += patches[from + index]!;
        }
      }
    }
  }
}
