import { closeSync, fstatSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Milliseconds between two signs of life. */
export const HEARTBEAT_INTERVAL = 10_000;
/** After so many milliseconds without one, a process that cannot be seen is taken to be gone. */
export const HEARTBEAT_LIFE = 60_000;

/** Clocks of two machines may differ by minutes or time zones, not by more than this. */
const MOST_DIFFERENCE = 48 * 3_600_000;
/** Milliseconds for which a measured difference is taken for granted when something is only shown. */
const MEASURE_AGAIN = 600_000;
/** Clock of a disk minus the clock here, by device: measured, and the same for everybody in this process. */
const measured = new Map<number, { readonly at: number; readonly difference: number }>();

/** What a heartbeat found: it went on, the file names somebody else now, or it is gone. */
export type Beat = 'renewed' | 'replaced' | 'gone';

/**
 * Renews the time at which `file` was last written, if it still holds `text`. It is written, not dated, so that the time is
 * that of the disk's own clock; the bytes stay what they are, and a file that was put in its place meanwhile is not touched.
 * @throws system errors of the disk that say nothing about the file (EIO, ESTALE, EACCES)
 */
export function renewHeartbeat(file: string, text: string): Beat {
  let handle: number;
  try {
    handle = openSync(file, 'r+');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return 'gone';
    throw error;
  }
  try {
    if (readFileSync(handle, 'utf8') !== text) return 'replaced';
    writeSync(handle, text, 0);
    return 'renewed';
  } finally {
    closeSync(handle);
  }
}

/**
 * Milliseconds since a file was last written, by the clock of its disk, which may be that of another machine; undefined if
 * it cannot be read. `exactly`: the clock is measured now, rather than some minutes ago.
 */
export function heartbeatAge(file: string, { exactly = false } = {}): number | undefined {
  try {
    // Opened, because a network file system may answer a plain `stat` from its memory.
    const handle = openSync(file, 'r');
    try {
      const { mtimeMs, dev } = fstatSync(handle);
      const age = Date.now() - mtimeMs;
      return age > MOST_DIFFERENCE ? age : age + clockDifference(dirname(file), dev, exactly);
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}

/** Whether a file was renewed so lately that its owner is to be taken for alive. */
export function hasHeartbeat(file: string, options?: { readonly exactly?: boolean }): boolean {
  const age = heartbeatAge(file, options);
  return age !== undefined && age < HEARTBEAT_LIFE;
}

/** Compares the clocks by writing a file; 0 where that is not allowed. */
function clockDifference(folder: string, device: number, exactly: boolean): number {
  const known = measured.get(device);
  const now = Date.now();
  if (!exactly && known && Math.abs(now - known.at) < MEASURE_AGAIN) return known.difference;
  const probe = join(folder, `.clock-${process.pid}-${Math.random().toString(36).slice(2)}`);
  let difference = 0;
  try {
    writeFileSync(probe, '.');
    difference = statSync(probe).mtimeMs - now;
  } catch {
    // A disk that may only be read: the clocks are taken to agree.
  } finally {
    remove(probe);
  }
  measured.set(device, { at: now, difference });
  return difference;
}

function remove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // It was not written either.
  }
}
