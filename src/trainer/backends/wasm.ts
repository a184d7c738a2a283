import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, BackendSearch } from './backend.ts';
import { registerWasmKernels } from './wasmKernels.ts';

const BINARY = 'tfjs-backend-wasm-simd.wasm';

/** The folder with the `.wasm` files: beside the bundle, or in the package when run from source. */
function findBinaries({ folders, distFolder }: BackendSearch): string | undefined {
  const candidates = [
    join(distFolder, 'wasm'),
    distFolder,
    ...folders.map((folder) => join(folder, 'node_modules/@tensorflow/tfjs-backend-wasm/dist')),
  ];
  return candidates.find((folder) => existsSync(join(folder, BINARY)));
}

/** WebAssembly with XNNPACK: the embedded default, one thread. */
export const wasmBackend: Backend = {
  id: 'wasm',
  label: 'WebAssembly (built in)',
  probe: async (search) => {
    const howToGet = `Install UDI Lab again: ${join(search.distFolder, 'wasm', BINARY)} belongs to it.`;
    if (!findBinaries(search)) return { usable: false, automatic: true, reason: `${BINARY} was not found`, howToGet };
    const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
    return { usable: true, automatic: true, device: `${cpus()[0]?.model.trim() ?? 'CPU'}, one thread${simd ? '' : ', without SIMD (slow)'}` };
  },
  activate: async (search) => {
    const folder = findBinaries(search);
    if (!folder) throw new Error(`${BINARY} was not found`);
    setWasmPaths(folder + sep);
    registerWasmKernels();
    if (!await tf.setBackend('wasm')) throw new Error(`The WebAssembly backend did not start from ${folder}`);
  },
};
