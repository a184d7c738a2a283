import { z } from 'zod';
import { UserError } from '../errors.ts';
import { hasHeartbeat } from './heartbeat.ts';
import { readJson } from './jsonFile.ts';
import { canSee, livenessOf, ownIdentity } from './processIdentity.ts';

/**
 * The process that works or worked on a folder (`trainer.json`, `supervisor.json`); written when it claims the folder, and
 * written again every `HEARTBEAT_INTERVAL` while it works.
 */
export const processInfoSchema = z.object({
  pid: z.int(),
  /** Start of the process as `processStart` gives it; a writer that leaves it out is judged by its heartbeat alone. */
  start: z.string().default(''),
  host: z.string().optional(),
  boot: z.string().optional(),
  namespace: z.string().optional(),
  /** Path of the local socket or named pipe; empty if the process has none and is to be followed by its files. */
  socket: z.string().default(''),
  node: z.string().default(''),
  /** Set when the process has let go of the folder by itself. */
  released: z.boolean().optional(),
});
export type ProcessInfo = z.infer<typeof processInfoSchema>;

/** A process that works on a folder now. */
export interface LiveProcess extends ProcessInfo {
  /** Name of its machine, if it cannot be seen from here (another host or container): it can be watched, but not reached. */
  readonly elsewhere?: string;
}

/** The recorded process, whether or not it still runs. */
export function readProcess(file: string): ProcessInfo | undefined {
  return readJson(file, processInfoSchema);
}

/** The recorded process if it works on the folder now: it is seen, or it cannot be seen from here and has a fresh heartbeat. */
export function liveProcess(file: string): LiveProcess | undefined {
  const info = readProcess(file);
  return info && isLive(info, file) ? seen(info) : undefined;
}

/** Whether the process that `file` names works on its folder; `exactly` as in `heartbeatAge`. */
export function isLive(info: ProcessInfo, file: string, options?: { readonly exactly?: boolean }): boolean {
  if (info.released) return false;
  const liveness = livenessOf(info);
  return liveness === 'alive' || (liveness === 'unknown' && hasHeartbeat(file, options));
}

/** The process with the name of its machine, where that is not this one. */
export function seen(info: ProcessInfo): LiveProcess {
  const here = ownIdentity();
  if (canSee(info, here)) return info;
  if (info.host === undefined) return { ...info, elsewhere: 'another machine' };
  return { ...info, elsewhere: info.host === here.host ? `${info.host} (in another container)` : info.host };
}

/** Where a process runs, for messages: `process 12` or `process 12 on gpu3`. */
export function processText({ pid, elsewhere }: LiveProcess): string {
  return elsewhere === undefined ? `process ${pid}` : `process ${pid} on ${elsewhere}`;
}

/** Why a process is not let in; `what` as in "The run in x is being trained", `here` is what to do about an owner on this machine. */
export function ownedError(what: string, owner: LiveProcess | undefined, here: string): UserError {
  if (!owner) return new UserError(`${what} by a process that is just starting.`, 'Try again in a minute.');
  if (owner.elsewhere === undefined) return new UserError(`${what} by ${processText(owner)}.`, here);
  return new UserError(`${what} by ${processText(owner)}, which cannot be seen from here but gives signs of life.`,
    'Wait until it has ended, or end it there. If that machine or container is gone, try again in a minute: it counts as gone when it has been silent for so long.');
}
