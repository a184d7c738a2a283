import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import type { z } from 'zod';
import { parseJson } from './jsonFile.ts';

/** Events read from a journal, and how many of its bytes are whole lines. */
export interface JournalPart<Event> {
  readonly events: readonly Event[];
  readonly validBytes: number;
  /** Whole lines that are no events; a journal that nobody has edited has none, wherever its writer was killed. */
  readonly damagedLines: number;
}

/** Reads a journal (one JSON event a line) from byte `from` on. A torn last line (no line end yet) is left for the next call. */
export function readJournalFile<Event>(file: string, schema: z.ZodType<Event>, from = 0): JournalPart<Event> {
  const bytes = readFrom(file, from);
  const end = bytes.lastIndexOf(0x0a) + 1;
  const events: Event[] = [];
  let damagedLines = 0;
  for (const line of bytes.toString('utf8', 0, end).split('\n')) {
    if (line === '') continue;
    const event = parseJson(line, schema);
    if (event !== undefined) events.push(event);
    else damagedLines++;
  }
  return { events, validBytes: from + end, damagedLines };
}

function readFrom(file: string, from: number): Buffer {
  if (!existsSync(file)) return Buffer.alloc(0);
  if (from === 0) return readFileSync(file);
  const handle = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let position = from; ;) {
      const chunk = Buffer.alloc(65536);
      const length = readSync(handle, chunk, 0, chunk.length, position);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
      position += length;
    }
  } finally {
    closeSync(handle);
  }
}
