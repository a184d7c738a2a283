import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { oneLine } from '../printable.ts';
import { liveTrainer, readJournal, runFiles } from './runStore.ts';

/** Why a run never began, by the words of its trainer. */
export interface NeverBegun {
  /** One sentence or two; empty if the trainer printed nothing. */
  readonly reason: string;
  /** All that it printed. */
  readonly log: string;
}

/**
 * The one rule about a new run whose trainer ended without a first event (refused, killed, out of memory): nothing of it is left
 * in the list, and what the trainer printed is returned, so that somebody hears of it. To be called by whoever created the run
 * and saw its trainer end. A run that has an event or a checkpoint, is somebody's, or cannot be read is left alone: undefined.
 */
export function removeNeverBegun(folder: string): NeverBegun | undefined {
  try {
    if (hasBegun(folder)) return undefined;
    const log = readLog(folder);
    rmSync(folder, { recursive: true, force: true });
    return { reason: reasonIn(log), log };
  } catch {
    return undefined;
  }
}

function hasBegun(folder: string): boolean {
  const { events, damagedLines } = readJournal(folder);
  return events.length > 0 || damagedLines > 0 || readdirSync(join(folder, runFiles.checkpoints)).length > 0 || liveTrainer(folder) !== undefined;
}

/** The same as a sentence. */
export function neverBegunText({ reason }: NeverBegun): string {
  return `Its trainer ended before the run had begun; nothing of it is kept. ${reason === '' ? 'It printed nothing.' : oneLine(reason, 500)}`;
}

/** The last line that the trainer of a run printed; empty if there is none. */
export function lastLogLine(folder: string): string {
  try {
    return readLog(folder).trimEnd().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
}

function readLog(folder: string): string {
  try {
    return readFileSync(join(folder, runFiles.log), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** The error that a program ended with: that of Node, if it died by one, else its last two lines (message and hint). */
function reasonIn(log: string): string {
  const lines = log.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('at '));
  const thrown = lines.findLast((line) => /^(?:\w*Error(?: \[\w+\])?|FATAL ERROR): /.test(line));
  return thrown ?? lines.slice(-2).join(' ');
}
