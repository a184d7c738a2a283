import { UserError } from '../../core/errors.ts';
import type { Backend, BackendId, BackendReport, BackendSearch } from './backend.ts';
import { cpuBackend } from './cpu.ts';
import { tfjsNodeBackend, tfjsNodeGpuBackend } from './tfjsNode.ts';
import { wasmBackend } from './wasm.ts';
import { webgpuBackend } from './webgpu.ts';

export type { Backend, BackendId, BackendReport, BackendSearch } from './backend.ts';

/** All backends, in the order in which `auto` tries them. */
export const backends: readonly Backend[] = [
  tfjsNodeGpuBackend,
  tfjsNodeBackend,
  webgpuBackend,
  wasmBackend,
  cpuBackend,
];

/** What computes, and why the backends before it were not taken. */
export interface ChosenBackend {
  readonly id: BackendId;
  readonly device: string;
  readonly skipped: readonly { readonly id: BackendId; readonly reason: string }[];
}

/**
 * Activates the named backend, or the first that can be used here for `auto`. A named one that is not there is a
 * UserError that says how to get it. `auto` takes neither `cpu` nor a GPU that is imitated in software.
 */
export async function chooseBackend(device: string, search: BackendSearch): Promise<ChosenBackend> {
  if (device === 'auto') return chooseFirst(search);
  const backend = backends.find((each) => each.id === device);
  if (!backend)
    throw new UserError(
      `There is no device '${device}'.`,
      `Choose one of: auto, ${backends.map((each) => each.id).join(', ')}.`,
    );
  const report = await probeSafely(backend, search);
  if (!report.usable)
    throw new UserError(`The device '${device}' can not be used here: ${report.reason}.`, report.howToGet);
  try {
    await backend.activate(search);
  } catch (error) {
    throw new UserError(`The device '${device}' did not start: ${textOf(error)}.`, report.howToGet);
  }
  return { id: backend.id, device: report.device ?? backend.label, skipped: [] };
}

async function chooseFirst(search: BackendSearch): Promise<ChosenBackend> {
  const skipped: { id: BackendId; reason: string }[] = [];
  for (const backend of backends) {
    const report = await probeSafely(backend, search);
    if (!report.usable || !report.automatic) {
      skipped.push({ id: backend.id, reason: report.reason ?? 'only used when asked for' });
      continue;
    }
    try {
      await backend.activate(search);
      return { id: backend.id, device: report.device ?? backend.label, skipped };
    } catch (error) {
      skipped.push({ id: backend.id, reason: textOf(error) });
    }
  }
  throw new UserError(
    `No device can be used here: ${skipped.map(({ id, reason }) => `${id}: ${reason}`).join('; ')}.`,
    'Force the slow reference with: --device cpu',
  );
}

/** Every backend with what `probe` says about it, for `udi doctor`. */
export async function describeBackends(
  search: BackendSearch,
): Promise<({ id: BackendId; label: string } & BackendReport)[]> {
  const described = [];
  for (const backend of backends)
    described.push({ id: backend.id, label: backend.label, ...(await probeSafely(backend, search)) });
  return described;
}

/** A probe that fails for a reason nobody thought of must not take the other backends with it. */
async function probeSafely(backend: Backend, search: BackendSearch): Promise<BackendReport> {
  try {
    return await backend.probe(search);
  } catch (error) {
    return { usable: false, automatic: true, reason: textOf(error) };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
