import type { ChildProcess } from 'node:child_process';
import { basename } from 'node:path';
import { runConfigSchema, type RunConfig } from '../../core/config/config.ts';
import type { RunEvent } from '../../core/run/events.ts';
import type { LiveProcess } from '../../core/files/processFile.ts';
import type { ListedRun } from '../../core/run/listedRun.ts';
import { applyEvent, canResume, emptyRun, isActive, stateOf, type Run, type RunState } from '../../core/run/run.ts';
import { createdAt, isWrittenNow, liveTrainer, readJournal, readMeta, readTrainerInfo, runFiles, type RunMeta } from '../../core/run/runStore.ts';
import type { ShownConfig } from '../../core/run/shownConfig.ts';
import { emptySummary, journalStamp, storedSummary, summaryOf, writeSummary, type JournalStamp, type RunSummary } from '../../core/run/summary.ts';
import { readFailure, readShownConfig } from '../../core/run/unreadable.ts';
import { trainerMessageSchema, type ClientMessage, type Progress, type TrainerMessage } from '../../core/wire.ts';
import { Disposable } from '../disposable.ts';
import type { FollowedOwner } from './followed.ts';
import { LiveJournal, type JournalKind } from './liveJournal.ts';
import { oneLine } from '../../core/printable.ts';

/** How a run's folder is followed. */
const runJournal: JournalKind<Run, RunEvent, TrainerMessage> = {
  file: runFiles.events,
  created: runFiles.config,
  empty: emptyRun,
  read: readJournal,
  apply: applyEvent,
  process: readTrainerInfo,
  isWrittenByOther: isWrittenNow,
  live: liveTrainer,
  message: trainerMessageSchema,
  eventOf: (message) => (message.type === 'event' ? message.event : undefined),
};

/** The stored summary of a run, if it agrees with the journal, and which journal that is; a folder that cannot be looked into has neither. */
function lookAt(folder: string): { stored?: RunSummary | undefined; journal?: JournalStamp | undefined } {
  try {
    return { journal: journalStamp(folder), stored: storedSummary(folder) };
  } catch {
    return {};
  }
}

/**
 * One run folder, kept up to date: what its journal and its process say, and what the user set. The state is derived
 * from these and stored nowhere.
 */
export class TrackedRun extends Disposable {
  readonly id: string;
  readonly #journal: LiveJournal<Run, RunEvent, TrainerMessage>;
  #meta: RunMeta;
  #progress: Progress | undefined;
  #config: ShownConfig | undefined;
  #configFailure: string | undefined;
  #created: number | undefined;
  /** Of an ended run: what the journal said before this window read it. */
  readonly #stored: RunSummary | undefined;
  #summary: { readonly run: Run; readonly summary: RunSummary } | undefined;

  constructor(readonly folder: string, private readonly options: FollowedOwner<TrackedRun>) {
    super();
    this.id = basename(folder);
    this.#meta = readMeta(folder);
    const { stored, journal } = lookAt(folder);
    this.#stored = stored?.ended ? stored : undefined;
    this.#journal = this.register(new LiveJournal(folder, runJournal, {
      log: options.log,
      onChange: () => options.onChange(this),
      onMessage: (message) => this.#receive(message),
      onDetach: () => { this.#progress = undefined; },
    }, this.#stored?.journal));
    // The next window need not read it.
    if (!stored && journal && this.summary.ended && !liveTrainer(folder) && !isWrittenNow(folder)) writeSummary(folder, this.run, journal);
  }

  /** What the journal says so far. That of an ended run is read when this is asked for first: lists do with `summary`. */
  get run(): Run {
    return this.#journal.state;
  }

  /** What lists need of the journal. */
  get summary(): RunSummary {
    if (this.#stored && !this.#journal.isRead) return this.#stored;
    const { run } = this;
    if (this.#summary?.run !== run) this.#summary = { run, summary: summaryOf(run, { journal: emptySummary.journal }) };
    return this.#summary.summary;
  }

  /** The run as lists and studies judge it. */
  get listed(): Pick<ListedRun, 'id' | 'state' | 'created' | 'run'> {
    return { id: this.id, state: this.state, created: this.created, run: this.summary };
  }

  /** What the user set. */
  get meta(): RunMeta {
    return this.#meta;
  }

  /** When it was created, milliseconds since 1970. */
  get created(): number {
    return (this.#created ??= createdAt(this.folder, this.#meta, this.summary.firstTime));
  }

  /** Where the trainer is inside the open epoch, while there is a connection. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** The state to show. */
  get state(): RunState {
    if (this.#journal.launching) return 'running';
    return this.reason === undefined ? stateOf(this.summary, this.#journal.alive) : 'unreadable';
  }

  /** Why the run cannot be read, if it cannot. */
  get reason(): string | undefined {
    const { failure } = this.#journal;
    if (failure !== undefined) return readFailure(failure, this.folder);
    return this.config ? undefined : this.#configFailure;
  }

  /** The trainer that works on it, once it has noted itself. */
  get process(): LiveProcess | undefined {
    return this.#journal.process;
  }

  /** Whether a trainer works on this run, or is about to. */
  get isActive(): boolean {
    return isActive(this.state);
  }

  /** Name of the machine that trains the run, if its trainer cannot be seen from here. */
  get elsewhere(): string | undefined {
    return this.isActive ? this.process?.elsewhere : undefined;
  }

  /** The name to show: what the user called it, else the config's name. Always one line of text. */
  get title(): string {
    return oneLine(this.#meta.title ?? this.config?.name ?? this.summary.started?.name ?? this.id) || this.id;
  }

  /** The stored config; undefined if it is missing or damaged. */
  get config(): ShownConfig | undefined {
    if (this.#config ?? this.#configFailure) return this.#config;
    try {
      this.#config = readShownConfig(this.folder);
    } catch (error) {
      this.#configFailure = readFailure(error, this.folder);
      this.options.log.warn(this.#configFailure);
    }
    return this.#config;
  }

  /** The stored config, complete; undefined if it is that of another program. */
  get ownConfig(): RunConfig | undefined {
    return runConfigSchema.safeParse(this.config).data;
  }

  /** Whether our trainer can go on with it from its last checkpoint: not with the run of another program. */
  get canResume(): boolean {
    return canResume(this.state) && this.ownConfig !== undefined;
  }

  /** Looks at the files and the process again. */
  refresh(): void {
    const before = JSON.stringify(this.#meta);
    this.#meta = readMeta(this.folder);
    // A damaged config may have been mended.
    const failed = this.#configFailure;
    this.#configFailure = undefined;
    const mended = failed !== undefined && this.config !== undefined;
    const changed = this.#journal.look();
    if (changed || mended || JSON.stringify(this.#meta) !== before) this.options.onChange(this);
  }

  /** The trainer of this run was just started as `child`: the run counts as running until it speaks or ends. */
  launched(child: ChildProcess): void {
    this.#journal.launched(child);
  }

  /** Sends a message to the trainer; false if it cannot be reached now. */
  send(message: ClientMessage): boolean {
    return this.#journal.send(message);
  }

  #receive(message: TrainerMessage): void {
    switch (message.type) {
      case 'progress':
        this.#progress = message;
        break;
      case 'refused':
        this.options.onRefused(this, message.message);
        return;
      case 'event':
        if (message.event.type === 'epoch' || message.event.type === 'ended') this.#progress = undefined;
        break;
    }
    this.options.onChange(this);
  }
}
