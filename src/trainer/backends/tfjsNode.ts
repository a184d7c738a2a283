import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import nodeUtil from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, BackendReport, BackendSearch } from './backend.ts';
import { registerExplicitPadding } from './explicitPadding.ts';
import { findOptionalPackage } from './optionalPackage.ts';

type NodePackage = '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';

/** Name that tfjs-node gives its backend. */
const TENSORFLOW = 'tensorflow';

/** tfjs-node 4.22 calls `util.isNullOrUndefined`, which Node 23 removed. */
function restoreRemovedUtil(): void {
  const util = nodeUtil as { isNullOrUndefined?: (value: unknown) => boolean };
  util.isNullOrUndefined ??= (value) => value === null || value === undefined;
}

/** Whether an NVIDIA driver is here. Loading the GPU package without one would silently compute on the CPU. */
function hasNvidiaDriver(): boolean {
  const signs =
    process.platform === 'win32'
      ? [join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'nvcuda.dll')]
      : ['/proc/driver/nvidia/version', '/dev/nvidiactl', '/dev/dxg'];
  return signs.some((path) => existsSync(path));
}

/** Loads the native package, which registers itself with the engine that tfjs keeps on a global. */
function load(name: NodePackage, search: BackendSearch): void {
  const found = findOptionalPackage(name, search.folders);
  if (!found) throw new Error(`${name} is not installed`);
  restoreRemovedUtil();
  const before = tf.engine().backendName;
  found.load();
  // The package makes itself the current backend; that is for `activate` to decide.
  if (before && before !== TENSORFLOW) tf.setBackend(before);
}

function isGpuInUse(): boolean {
  return (tf.findBackend(TENSORFLOW) as unknown as { isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}

function report(name: NodePackage, id: string, search: BackendSearch): BackendReport {
  const howToGet = `Run "UDI: Install GPU Backend", or: udi install-backend ${id}`;
  const no = (reason: string): BackendReport => ({ usable: false, automatic: true, reason, howToGet });
  const gpu = name === '@tensorflow/tfjs-node-gpu';
  if (gpu && process.platform === 'darwin') return no('there is no CUDA on macOS');
  if (gpu && !hasNvidiaDriver())
    return { ...no('no NVIDIA driver was found'), howToGet: 'Needs an NVIDIA GPU with its driver and CUDA 11.' };
  if (process.versions['electron'])
    return { ...no("it does not run in Electron's Node"), howToGet: 'Set udi.trainer.node to a real Node.js.' };
  const found = findOptionalPackage(name, search.folders);
  if (!found) return no(`${name} is not installed`);
  if (found.version !== tf.version_core)
    return no(`${name} ${found.version} is installed, but ${tf.version_core} is needed`);
  try {
    load(name, search);
  } catch (error) {
    return no(`${name} is installed but does not load: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (gpu && !isGpuInUse()) return no('TensorFlow found no usable GPU (CUDA 11 and cuDNN 8 must be installed)');
  return {
    usable: true,
    automatic: true,
    device: gpu ? 'NVIDIA GPU through TensorFlow' : `${cpus()[0]?.model.trim()}, all cores`,
  };
}

function tfjsNode(id: 'tfjs-node' | 'tfjs-node-gpu', name: NodePackage, label: string): Backend {
  return {
    id,
    label,
    probe: async (search) => report(name, id, search),
    activate: async (search) => {
      if (!(TENSORFLOW in tf.engine().registry)) load(name, search);
      registerExplicitPadding(TENSORFLOW);
      await tf.setBackend(TENSORFLOW);
    },
  };
}

/** TensorFlow's native library with CUDA. */
export const tfjsNodeGpuBackend = tfjsNode(
  'tfjs-node-gpu',
  '@tensorflow/tfjs-node-gpu',
  'TensorFlow, NVIDIA GPU (optional)',
);

/** TensorFlow's native library on the CPU. */
export const tfjsNodeBackend = tfjsNode('tfjs-node', '@tensorflow/tfjs-node', 'TensorFlow, CPU (optional)');
