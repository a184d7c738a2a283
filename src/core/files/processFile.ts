import { z } from 'zod';
import { readJson } from './jsonFile.ts';
import { isSameProcess } from './processIdentity.ts';

/** The process that works or worked on a folder (`trainer.json`, `supervisor.json`); written when it claims the folder. */
export const processInfoSchema = z.object({
  pid: z.int(),
  /** Start of the process as `processStart` gives it. */
  start: z.string(),
  /** Path of the local socket or named pipe. */
  socket: z.string(),
  node: z.string(),
});
export type ProcessInfo = z.infer<typeof processInfoSchema>;

/** The recorded process, whether or not it still runs. */
export function readProcess(file: string): ProcessInfo | undefined {
  return readJson(file, processInfoSchema);
}

/** The recorded process if it is alive. */
export function liveProcess(file: string): ProcessInfo | undefined {
  const info = readProcess(file);
  return info && isSameProcess(info.pid, info.start) ? info : undefined;
}
