import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemError } from '../../core/errors.ts';

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
      flush(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
    flushFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw systemError(error, file) ?? error;
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
      await handle.sync().catch(unlessUnsupported);
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    flushFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw systemError(error, file) ?? error;
  }
}

/** Brings an open file to the disk. Some network and user-space file systems cannot be asked for that; what is written stays written. */
export function flush(handle: number, sync: (handle: number) => void = fsyncSync): void {
  try {
    sync(handle);
  } catch (error) {
    unlessUnsupported(error);
  }
}

function unlessUnsupported(error: unknown): void {
  if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
}

function flushFolder(folder: string): void {
  // Windows cannot open folders; its rename is durable without it.
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    flush(handle);
  } finally {
    closeSync(handle);
  }
}
