import { closeSync, fstatSync, ftruncateSync, openSync, writeSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { systemError, UserError } from '../../core/errors.ts';
import { type NewEvent, type RunEvent, writtenRunEventSchema } from '../../core/run/events.ts';
import type { JournalPart } from '../../core/files/journalFile.ts';
import { toJson } from '../../core/files/jsonNumbers.ts';
import { applyEvent, emptyRun, type Run } from '../../core/run/run.ts';
import { newerFormat } from '../../core/run/newer.ts';
import { readJournal, runFiles } from '../../core/run/runStore.ts';
import { applyStudyEvent, emptyStudy, type NewStudyEvent, type Study, type StudyEvent, writtenStudyEventSchema } from '../../core/study/studyEvents.ts';
import { readStudyJournal, studyFiles } from '../../core/study/studyStore.ts';
import { flush } from '../store/durable.ts';

/**
 * Thrown instead of writing into a journal that is this process's no longer: its folder is gone, or somebody else writes.
 * Nothing more can be said there, not even that this process ends.
 */
export class JournalLost extends UserError {}

/** What a journal is lost with when its folder was deleted or moved under the process. */
export function folderGone(folder: string): JournalLost {
  return new JournalLost(`${folder} was deleted, moved or emptied while this process worked on it; it ends here and writes nothing more.`,
    'Begin again from the config. A folder that was only moved keeps its last checkpoint.');
}

/** What a journal is lost with when another process has taken its folder over. */
export function takenOver(folder: string): JournalLost {
  return new JournalLost(`Another process has taken over ${folder}; this one ends here and writes nothing more.`,
    'A process is taken for gone that gives no sign of life for a minute (a suspended machine, a disk that does not answer). Watch the other one.');
}

/** What differs between the journals of runs and studies. */
interface JournalKind<Event, State> {
  readonly file: string;
  readonly stored: JournalPart<Event>;
  /** What is written must be readable by this. */
  readonly schema: z.ZodType<Event>;
  readonly empty: State;
  readonly apply: (state: State, event: Event) => State;
}

/**
 * A journal and the process that is its only writer. An event is appended and flushed before any listener hears of it.
 * Opening cuts off a torn last line, which a killed process may have left. `mayWrite` throws if the process may not write
 * any more; a journal that is not as the last event left it is another writer's, and is not touched.
 */
export class EventJournal<Event extends { readonly seq: number }, Fresh, State extends { readonly lastSeq: number }> {
  private readonly handle: number;
  private readonly events: Event[];
  private readonly listeners = new Set<(event: Event) => void>();
  private bytes: number;
  private folded: State;
  /** Seconds spent on writing and flushing, for the benchmark. */
  seconds = 0;

  constructor(private readonly kind: JournalKind<Event, State>, private readonly mayWrite: () => void) {
    const { events, validBytes, damagedLines } = kind.stored;
    if (damagedLines > 0) {
      throw new UserError(`${kind.file} has ${damagedLines} damaged line(s).`, 'Somebody edited it, or the disk failed. Remove these lines, then resume.');
    }
    this.events = [...events];
    this.folded = events.reduce(kind.apply, kind.empty);
    this.bytes = validBytes;
    this.handle = openSync(kind.file, 'a+');
    ftruncateSync(this.handle, validBytes);
  }

  /** What the journal says so far. */
  get state(): State {
    return this.folded;
  }

  /**
   * Numbers, dates, stores and announces an event, which is returned as whoever reads the journal will see it.
   * @throws Error if it could not be read back: nothing is written then, and whoever made the event is at fault; JournalLost if
   *   the journal is not this process's any more; UserError if the disk refuses
   */
  append(fresh: Fresh): Event {
    const begin = performance.now();
    const text = toJson({ seq: this.folded.lastSeq + 1, time: Date.now(), ...fresh });
    const checked = this.kind.schema.safeParse(JSON.parse(text));
    if (!checked.success) throw new Error(`No event that ${this.kind.file} can hold: ${text.slice(0, 300)}\n${z.prettifyError(checked.error)}`);
    const event = checked.data;
    const line = Buffer.from(`${text}\n`);
    this.checkOwner();
    let done = 0;
    try {
      while (done < line.byteLength) done += writeSync(this.handle, line, done);
      flush(this.handle);
    } catch (error) {
      // Only what is surely one's own is taken back.
      if (fstatSync(this.handle).size === this.bytes + done) ftruncateSync(this.handle, this.bytes);
      throw systemError(error, this.kind.file) ?? error;
    }
    this.bytes += line.byteLength;
    this.events.push(event);
    this.folded = this.kind.apply(this.folded, event);
    this.seconds += (performance.now() - begin) / 1000;
    for (const listener of this.listeners) listener(event);
    return event;
  }

  /** Calls `listener` with every event after `since`, then with each new one; returns the function that ends it. */
  subscribe(since: number, listener: (event: Event) => void): () => void {
    for (const event of this.events) if (event.seq > since) listener(event);
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close(): void {
    closeSync(this.handle);
  }

  private checkOwner(): void {
    this.mayWrite();
    const folder = dirname(this.kind.file);
    const own = fstatSync(this.handle);
    let now: Stats;
    try {
      now = statOpened(this.kind.file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') throw folderGone(folder);
      throw systemError(error, this.kind.file) ?? error;
    }
    if (now.ino !== own.ino || now.dev !== own.dev) throw takenOver(folder);
    if (now.size === this.bytes) return;
    throw new JournalLost(`${this.kind.file} has ${now.size} bytes, not the ${this.bytes} that this process has left: somebody else writes into it. This process ends here and writes nothing more.`,
      'Let only one process work on a folder, and do not edit its journal meanwhile; then go on from the last checkpoint.');
  }
}

/** What the file is now: opened, because a network file system may answer a plain `stat` from its memory. */
function statOpened(file: string): Stats {
  const handle = openSync(file, 'r');
  try {
    return fstatSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The journal of the run in `folder`. */
export class Journal extends EventJournal<RunEvent, NewEvent, Run> {
  constructor(folder: string, mayWrite: () => void = () => undefined) {
    super({ file: join(folder, runFiles.events), stored: readJournal(folder), schema: writtenRunEventSchema, empty: emptyRun, apply: applyEvent }, mayWrite);
    const refusal = newerFormat(this.state);
    if (!refusal) return;
    this.close();
    throw new UserError(`${join(folder, runFiles.events)} ${refusal}`, 'Resume it with that version or a newer one, or start a new run from its config.');
  }

  /** What the journal says so far. */
  get run(): Run {
    return this.state;
  }
}

/** The journal of the study in `folder`. */
export class StudyJournal extends EventJournal<StudyEvent, NewStudyEvent, Study> {
  constructor(folder: string, mayWrite: () => void = () => undefined) {
    super({ file: join(folder, studyFiles.events), stored: readStudyJournal(folder), schema: writtenStudyEventSchema, empty: emptyStudy, apply: applyStudyEvent }, mayWrite);
  }
}
