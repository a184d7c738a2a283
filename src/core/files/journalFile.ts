import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import type { z } from 'zod';
import { asUnknown, newerStart, type UnknownEvent } from './anyEvent.ts';
import { fromJson } from './jsonNumbers.ts';

/** Events read from a journal, and how many of its bytes are whole lines. */
export interface JournalPart<Event> {
  readonly events: readonly Event[];
  readonly validBytes: number;
  /** Whole lines that are no events; a journal that nobody has edited has none, wherever its writer was killed. */
  readonly damagedLines: number;
}

/**
 * Reads a journal (one JSON event a line) from byte `from` on. A torn last line (no line end yet) is left for the next call.
 * In a journal of a higher format, events that have changed count as unknown ones, not as damaged.
 */
export function readJournalFile<Event>(file: string, schema: z.ZodType<Event | UnknownEvent>, from = 0): JournalPart<Event | UnknownEvent> {
  const bytes = readFrom(file, from);
  const end = bytes.lastIndexOf(0x0a) + 1;
  const events: (Event | UnknownEvent)[] = [];
  let damagedLines = 0;
  let newer: boolean | undefined;
  for (const line of bytes.toString('utf8', 0, end).split('\n')) {
    if (line.trim() === '') continue;
    const value = parsedLine(line);
    let event = schema.safeParse(value).data;
    if (event === undefined) {
      newer ??= isNewer(file);
      if (newer) event = asUnknown(value);
    }
    if (event !== undefined) events.push(event);
    else damagedLines++;
  }
  return { events, validBytes: from + end, damagedLines };
}

function parsedLine(line: string): unknown {
  try {
    return fromJson(line);
  } catch {
    return undefined;
  }
}

/** Whether the journal begins as one of a higher format. */
function isNewer(file: string): boolean {
  const start = Buffer.alloc(65536);
  const handle = openSync(file, 'r');
  try {
    const lines = start.toString('utf8', 0, readSync(handle, start, 0, start.length, 0)).split('\n');
    return lines.some((line) => newerStart.safeParse(parsedLine(line)).success);
  } finally {
    closeSync(handle);
  }
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
