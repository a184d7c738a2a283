import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';

/** What tfjs gives a kernel. */
export type KernelArguments = Parameters<KernelFunc>[0];

/** Batch, height, width, channels. */
export type Shape4D = [number, number, number, number];

/** The WASM backend that runs the kernel. */
export function wasmOf(args: KernelArguments): BackendWasm {
  return args.backend as BackendWasm;
}

/** Runs another WASM kernel without the engine: nothing is recorded, and the caller must `free` the result. */
export function run(
  backend: BackendWasm,
  kernelName: string,
  inputs: NamedTensorInfoMap,
  attrs: object = {},
): TensorInfo {
  return tf
    .getKernel(kernelName, 'wasm')
    .kernelFunc({ inputs, attrs: attrs as tf.NamedAttrMap, backend }) as TensorInfo;
}

/** Gives back results of `run`. */
export function free(backend: BackendWasm, ...tensors: TensorInfo[]): void {
  for (const { dataId } of tensors) backend.disposeData(dataId);
}

/** The same data under another shape; it is not a tensor of its own, so it is not freed. */
export function reshaped({ dataId, dtype }: TensorInfo, shape: number[]): TensorInfo {
  return { dataId, dtype, shape };
}

/**
 * A float32 tensor's values in WASM's memory. Every allocation may move that memory, so take the view after the last
 * one and never keep it.
 */
export function floats(backend: BackendWasm, tensor: TensorInfo): Float32Array {
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}
