import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { StudyPlan } from '../../core/study/studyPlan.ts';

const gpuBackends = ['tfjs-node-gpu', 'webgpu'];
const doctorSchema = z.object({ backends: z.array(z.object({ id: z.string(), usable: z.boolean(), automatic: z.boolean() })) });

/**
 * How many trainers run side by side if nobody says so: one on a GPU, else one for each physical core. What `auto` means
 * here is asked of a process of its own, because a backend that was only probed would keep its memory.
 */
export async function defaultParallel(plan: StudyPlan, trainer: string, cwd: string, device: string | undefined): Promise<number> {
  const devices = new Set(device ? [device] : plan.runs.map(({ config }) => config.device));
  if (devices.delete('auto')) devices.add(await automaticBackend(trainer, cwd));
  return [...devices].some((each) => gpuBackends.includes(each)) ? 1 : physicalCores();
}

async function automaticBackend(trainer: string, cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [trainer, 'doctor', '--json'], { cwd, windowsHide: true });
  const { backends } = doctorSchema.parse(JSON.parse(stdout));
  return backends.find(({ usable, automatic }) => usable && automatic)?.id ?? 'cpu';
}

/** Cores that can do a trainer's work without sharing their arithmetic units, at least 1 and at most what this process may use. */
export function physicalCores(): number {
  return Math.max(1, Math.min(coresOf(readCpuInfo()) ?? Math.ceil(cpus().length / 2), availableParallelism()));
}

/** Distinct cores in the text of Linux' `/proc/cpuinfo`; undefined if it does not name them. */
export function coresOf(cpuinfo: string): number | undefined {
  const cores = cpuinfo.split(/\n\s*\n/).flatMap((processor) => {
    const core = /^core id\s*:\s*(\d+)$/m.exec(processor)?.[1];
    return core === undefined ? [] : [`${/^physical id\s*:\s*(\d+)$/m.exec(processor)?.[1] ?? '0'}:${core}`];
  });
  return cores.length === 0 ? undefined : new Set(cores).size;
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}
