import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../core/errors.ts';
import type { NewEvent, RunEvent } from '../core/events.ts';
import { foldEvents, applyEvent, type Run } from '../core/run.ts';
import { readJournal, runFiles } from '../core/runStore.ts';
import { diskError } from './durable.ts';

/**
 * The run's journal, of which the trainer is the only writer. An event is appended and flushed before any listener hears
 * of it. Opening cuts off a torn last line, which a killed trainer may have left.
 */
export class Journal {
  private readonly handle: number;
  private readonly file: string;
  private readonly events: RunEvent[];
  private readonly listeners = new Set<(event: RunEvent) => void>();
  private bytes: number;
  private folded: Run;
  /** Seconds spent on writing and flushing, for the benchmark. */
  seconds = 0;

  constructor(folder: string) {
    const { events, validBytes, damagedLines } = readJournal(folder);
    this.file = join(folder, runFiles.events);
    if (damagedLines > 0) {
      throw new UserError(`${this.file} has ${damagedLines} damaged line(s).`, 'Somebody edited it, or the disk failed. Remove these lines, then resume.');
    }
    this.events = [...events];
    this.folded = foldEvents(events);
    this.bytes = validBytes;
    this.handle = openSync(this.file, 'a+');
    ftruncateSync(this.handle, validBytes);
  }

  /** What the journal says so far. */
  get run(): Run {
    return this.folded;
  }

  /** Numbers, dates, stores and announces an event. */
  append(fresh: NewEvent): RunEvent {
    const begin = performance.now();
    const event = { seq: this.folded.lastSeq + 1, time: Date.now(), ...fresh } as RunEvent;
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    try {
      for (let done = 0; done < line.byteLength;) done += writeSync(this.handle, line, done);
      fsyncSync(this.handle);
    } catch (error) {
      ftruncateSync(this.handle, this.bytes);
      throw diskError(error, this.file);
    }
    this.bytes += line.byteLength;
    this.events.push(event);
    this.folded = applyEvent(this.folded, event);
    this.seconds += (performance.now() - begin) / 1000;
    for (const listener of this.listeners) listener(event);
    return event;
  }

  /** Calls `listener` with every event after `since`, then with each new one; returns the function that ends it. */
  subscribe(since: number, listener: (event: RunEvent) => void): () => void {
    for (const event of this.events) if (event.seq > since) listener(event);
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    closeSync(this.handle);
  }
}
