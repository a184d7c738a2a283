import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { freemem } from 'node:os';

/** Resident memory of a process, bytes. */
export interface ResidentMemory {
  readonly now: number;
  readonly peak: number;
}

/** Bytes that programs can still get without swapping: what Linux estimates, caches it can drop included; elsewhere what is free. */
export function availableMemory(): number {
  return kilobytes('/proc/meminfo', 'MemAvailable') ?? freemem();
}

/** Memory of the process with this pid; undefined if it has ended or the system does not tell. `peak` is `now` where nobody keeps one. */
export function memoryOf(pid: number): ResidentMemory | undefined {
  if (process.platform === 'linux') {
    const now = kilobytes(`/proc/${pid}/status`, 'VmRSS');
    const peak = kilobytes(`/proc/${pid}/status`, 'VmHWM');
    return now === undefined || peak === undefined ? undefined : { now, peak };
  }
  if (process.platform === 'win32') return undefined;
  try {
    const now = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) * 1024;
    return { now, peak: now };
  } catch {
    return undefined;
  }
}

/** Highest resident memory of this process so far, bytes. On Linux `maxRSS` would count the process that started this one, too. */
export function ownPeakMemory(): number {
  return kilobytes('/proc/self/status', 'VmHWM') ?? process.resourceUsage().maxRSS * 1024;
}

/** The value of a line such as `VmRSS:   1234 kB` in bytes; undefined where there is no such file or line. */
function kilobytes(file: string, key: string): number | undefined {
  try {
    const found = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(file, 'utf8'));
    return found ? Number(found[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}
