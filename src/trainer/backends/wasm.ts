import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '../../core/errors.ts';
import type { Backend, BackendSearch } from './backend.ts';
import { registerWasmKernels } from './wasmKernels.ts';

const BINARY = 'tfjs-backend-wasm-simd.wasm';

/** Addresses are 32 bits wide. */
const MEMORY_LIMIT = 2 ** 32;

/** The folder with the `.wasm` files: beside the bundle, or in the package when run from source. */
function findBinaries({ folders, distFolder }: BackendSearch): string | undefined {
  const candidates = [
    join(distFolder, 'wasm'),
    distFolder,
    ...folders.map((folder) => join(folder, 'node_modules/@tensorflow/tfjs-backend-wasm/dist')),
  ];
  return candidates.find((folder) => existsSync(join(folder, BINARY)));
}

/** What is used here of the module that Emscripten made. */
interface WasmModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** Turns a failed allocation into an error. The stock backend does not look, and would write to address 0. */
function guardMemory(module: WasmModule): void {
  // Emscripten's stub replaces itself in its first call, and would replace the guard as well.
  module._free(module._malloc(4));
  const allocate = module._malloc;
  const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
  module._malloc = (bytes) => {
    // Emscripten's allocator does not notice when an address wraps round at 32 bits, so it must never get that far.
    const address = module.HEAPU8.byteLength + bytes < MEMORY_LIMIT ? allocate(bytes) : 0;
    if (address !== 0 || bytes === 0) return address;
    throw new UserError(
      `The wasm device has no memory left: it holds ${mebibytes(module.HEAPU8.byteLength)} ` +
        `of at most ${mebibytes(MEMORY_LIMIT)} and needs ${mebibytes(bytes)} more.`,
      'Use a smaller training.batchSize, limit the dataset, or choose another device (udi doctor).',
    );
  };
}

/** WebAssembly with XNNPACK: the embedded default, one thread. */
export const wasmBackend: Backend = {
  id: 'wasm',
  label: 'WebAssembly (built in)',
  probe: async (search) => {
    const howToGet = `Install UDI Lab again: ${join(search.distFolder, 'wasm', BINARY)} belongs to it.`;
    if (!findBinaries(search)) return { usable: false, automatic: true, reason: `${BINARY} was not found`, howToGet };
    const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
    return {
      usable: true,
      automatic: true,
      device: `${cpus()[0]?.model.trim() ?? 'CPU'}, one thread${simd ? '' : ', without SIMD (slow)'}`,
    };
  },
  activate: async (search) => {
    const folder = findBinaries(search);
    if (!folder) throw new Error(`${BINARY} was not found`);
    const first = !('wasm' in tf.engine().registry);
    setWasmPaths(folder + sep);
    registerWasmKernels();
    if (!(await tf.setBackend('wasm'))) throw new Error(`The WebAssembly backend did not start from ${folder}`);
    if (first) guardMemory((tf.backend() as BackendWasm).wasm as unknown as WasmModule);
  },
};
