import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../../core/errors.ts';

/**
 * Writes a file so that a crash at any moment leaves either the old or the new content: temporary name, flush, rename,
 * flush of the folder. A failure removes the temporary file and throws a `UserError` (disk full, no permission).
 */
export function writeDurably(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.tmp`;
  try {
    const handle = openSync(temporary, 'w');
    try {
      for (let done = 0; done < bytes.byteLength;) done += writeSync(handle, bytes, done);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    flushFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskError(error, file);
  }
}

/** The same for content that comes piece by piece; the event loop goes on between two pieces. */
export async function streamDurably(file: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    const handle = await open(temporary, 'w');
    try {
      for await (const piece of pieces) {
        for (let done = 0; done < piece.byteLength;) done += (await handle.write(piece, done)).bytesWritten;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    flushFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskError(error, file);
  }
}

/** Turns a system error of a write into one that says what to do; others pass through. */
export function diskError(error: unknown, file: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOSPC':
    case 'EFBIG':
    case 'EDQUOT': return new UserError(`No space left (disk full, quota or file-size limit; ${code}) while writing ${file}.`, 'Free some space, then resume the run; its last checkpoint is intact.');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS': return new UserError(`No permission to write ${file}.`, 'Make the folder writable, then resume the run.');
    default: return error;
  }
}

function flushFolder(folder: string): void {
  // Windows cannot open folders; its rename is durable without it.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
