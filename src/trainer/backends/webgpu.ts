import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend, BackendReport, BackendSearch } from './backend.ts';
import { findOptionalPackage } from './optionalPackage.ts';

const DAWN = 'webgpu';
const TFJS_WEBGPU = '@tensorflow/tfjs-backend-webgpu';
const HOW_TO_GET = 'Run "UDI: Install GPU Backend", or: udi install-backend webgpu';

/** The little of the WebGPU interface that is used here; the packages that define it are optional. */
interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}
interface Adapter {
  readonly info: AdapterInfo;
  readonly features: ReadonlySet<string>;
  readonly limits: Readonly<Record<string, number>>;
  requestDevice(descriptor: object): Promise<object>;
}
interface Gpu {
  requestAdapter(options: object): Promise<Adapter | null>;
}
interface DawnModule {
  create(options: string[]): Gpu;
  readonly globals: object;
}
type WebGpuBackendClass = new (device: object, info: AdapterInfo) => tf.KernelBackend;

const limits = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
] as const;

/** Dawn's adapter; puts WebGPU's classes and `navigator.gpu` on the globals, where tfjs looks for them. */
async function requestAdapter(search: BackendSearch): Promise<Adapter | null> {
  const found = findOptionalPackage(DAWN, search.folders);
  if (!found) throw new Error(`${DAWN} is not installed`);
  // Node 20 has no navigator yet.
  if (!globalThis.navigator) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  const navigator = globalThis.navigator as unknown as { gpu?: Gpu };
  if (!navigator.gpu) {
    const dawn = (await import(pathToFileURL(found.path).href)) as DawnModule;
    Object.assign(globalThis, dawn.globals);
    Object.defineProperty(navigator, 'gpu', { value: dawn.create([]), configurable: true });
  }
  return navigator.gpu!.requestAdapter({ powerPreference: 'high-performance' });
}

/** Whether the adapter computes on the CPU (SwiftShader, llvmpipe, WARP). */
function isSoftware({ isFallbackAdapter, ...info }: AdapterInfo): boolean {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render|software/i.test(text);
}

async function report(search: BackendSearch): Promise<BackendReport> {
  const no = (reason: string, howToGet = HOW_TO_GET): BackendReport => ({
    usable: false,
    automatic: true,
    reason,
    howToGet,
  });
  for (const name of [DAWN, TFJS_WEBGPU]) {
    if (!findOptionalPackage(name, search.folders)) return no(`${name} is not installed`);
  }
  const version = findOptionalPackage(TFJS_WEBGPU, search.folders)?.version;
  if (version !== tf.version_core)
    return no(`${TFJS_WEBGPU} ${version} is installed, but ${tf.version_core} is needed`);
  let adapter: Adapter | null;
  try {
    adapter = await requestAdapter(search);
  } catch (error) {
    return no(`${DAWN} is installed but does not load: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!adapter) return no('no GPU adapter was found', 'Needs a GPU with a Vulkan, Metal or Direct3D 12 driver.');
  const device = adapter.info.description || adapter.info.device || adapter.info.vendor;
  const software = isSoftware(adapter.info);
  return {
    usable: true,
    automatic: !software,
    device,
    ...(software ? { reason: 'a software adapter, slower than wasm' } : {}),
  };
}

/** The GPU through Dawn, Chromium's WebGPU. */
export const webgpuBackend: Backend = {
  id: 'webgpu',
  label: 'WebGPU (optional)',
  probe: report,
  activate: async (search) => {
    if (!('webgpu' in tf.engine().registry)) {
      const adapter = await requestAdapter(search);
      if (!adapter) throw new Error('No GPU adapter was found');
      const { WebGPUBackend } = findOptionalPackage(TFJS_WEBGPU, search.folders)!.load() as {
        WebGPUBackend: WebGpuBackendClass;
      };
      const device = await adapter.requestDevice({
        requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
      });
      // The package's own factory would ask for the device again, without saying so when that fails.
      tf.removeBackend('webgpu');
      tf.registerBackend('webgpu', () => new WebGPUBackend(device, adapter.info));
    }
    await tf.setBackend('webgpu');
  },
};
