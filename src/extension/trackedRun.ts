import type { ChildProcess } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { RunConfig } from '../core/config.ts';
import { isSameProcess } from '../core/processIdentity.ts';
import { applyEvent, emptyRun, foldEvents, stateOf, type Run, type RunState } from '../core/run.ts';
import { readJournal, readMeta, readRunConfig, readTrainerInfo, runFiles, type RunMeta } from '../core/runStore.ts';
import type { ClientMessage, Progress, TrainerMessage } from '../core/wire.ts';
import { Disposable, every, type Held } from './disposable.ts';
import type { Log } from './log.ts';
import { oneLine } from './plainText.ts';
import { TrainerClient } from './trainerClient.ts';

/** So young, a folder without events and trainer file is one whose trainer is starting, perhaps from another window. */
const STARTING = 15_000;

/** What a tracked run tells its owner. */
export interface TrackedRunOptions {
  readonly log: Log;
  readonly onChange: (run: TrackedRun) => void;
  /** The trainer would not do what it was asked to; `message` says why. */
  readonly onRefused: (run: TrackedRun, message: string) => void;
}

/**
 * One run folder, kept up to date: from the trainer's socket while its process lives, from the files otherwise. The
 * state is derived from both and stored nowhere.
 */
export class TrackedRun extends Disposable {
  readonly id: string;
  #run: Run = emptyRun;
  #meta: RunMeta = {};
  #progress: Progress | undefined;
  #config: RunConfig | undefined;
  #bytes = 0;
  #alive = false;
  #launch: Held | undefined;
  /** Whether a trainer that this window started has ended since. */
  #exited = false;
  #client: TrainerClient | undefined;
  /** `pid:start` of a trainer that was found dead; processes do not come back, and asking is slow on some systems. */
  #dead: string | undefined;

  constructor(readonly folder: string, private readonly options: TrackedRunOptions) {
    super();
    this.id = basename(folder);
    this.register({ dispose: () => {
      this.#client?.dispose();
      this.#launch?.dispose();
    } });
    this.#read();
  }

  /** What the journal says so far. */
  get run(): Run {
    return this.#run;
  }

  /** What the user set. */
  get meta(): RunMeta {
    return this.#meta;
  }

  /** Where the trainer is inside the open epoch, while there is a connection. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** The state to show. */
  get state(): RunState {
    return this.#launch ? 'running' : stateOf(this.#run, this.#alive);
  }

  /** Whether a trainer works on this run, or is about to. */
  get isActive(): boolean {
    return this.state === 'running' || this.state === 'paused';
  }

  /** The name to show: what the user called it, else the config's name. Always one line of text. */
  get title(): string {
    return oneLine(this.#meta.title ?? this.config?.name ?? this.#run.started?.name ?? this.id) || this.id;
  }

  /** The stored config; undefined if it is missing or damaged. */
  get config(): RunConfig | undefined {
    try {
      return (this.#config ??= readRunConfig(this.folder));
    } catch (error) {
      this.options.log.debug(`${this.folder}: ${String(error)}`);
      return undefined;
    }
  }

  /** Looks at the files and the process again. */
  refresh(): void {
    const before = this.#stamp();
    this.#read();
    if (this.#stamp() !== before) this.options.onChange(this);
  }

  /** The trainer of this run was just started as `child`: the run counts as running until it speaks or ends. */
  launched(child: ChildProcess): void {
    this.#launch?.dispose();
    this.#exited = false;
    const known = this.#run.lastSeq;
    const settle = () => {
      this.refresh();
      if (this.#run.lastSeq > known) end();
    };
    // File watchers may be slow or switched off; the start is the one moment somebody waits for.
    const timer = every(200, settle);
    const end = () => {
      timer.dispose();
      if (this.#launch !== timer) return;
      this.#launch = undefined;
      this.options.onChange(this);
    };
    this.#launch = timer;
    child.once('exit', () => {
      this.#exited = true;
      this.refresh();
      end();
    });
    this.options.onChange(this);
  }

  /** Sends a message to the trainer; false if it cannot be reached now. */
  send(message: ClientMessage): boolean {
    return this.#client?.send(message) ?? false;
  }

  #stamp(): string {
    return `${this.state} ${this.#run.lastSeq} ${JSON.stringify(this.#meta)}`;
  }

  #read(): void {
    this.#meta = readMeta(this.folder);
    if (!this.#client?.connected) this.#readJournal();
    this.#checkProcess();
  }

  /** Folds what was appended since the last look. A journal that is shorter than what was read is another journal. */
  #readJournal(): void {
    const file = join(this.folder, runFiles.events);
    const size = existsSync(file) ? statSync(file).size : 0;
    if (size < this.#bytes) {
      this.#bytes = 0;
      this.#run = emptyRun;
    }
    if (size === this.#bytes) return;
    const { events, validBytes } = readJournal(this.folder, this.#bytes);
    this.#bytes = validBytes;
    this.#run = foldEvents(events, this.#run);
  }

  /** Finds out whether the trainer lives, and listens to it if so. A run that ended by its own word needs no asking. */
  #checkProcess(): void {
    if (this.#client?.connected) return;
    this.#alive = false;
    if (this.#run.ended && !this.#launch) return;
    const info = readTrainerInfo(this.folder);
    if (!info) {
      this.#alive = this.#run.lastSeq === 0 && !this.#exited && isYoung(this.folder);
      return;
    }
    const identity = `${info.pid}:${info.start}`;
    if (identity === this.#dead) return;
    this.#alive = isSameProcess(info.pid, info.start);
    if (!this.#alive) {
      this.#dead = identity;
      this.#detach();
      return;
    }
    this.#client ??= new TrainerClient({
      socket: info.socket,
      since: () => this.#run.lastSeq,
      isAlive: () => isSameProcess(info.pid, info.start),
      onMessage: (message) => this.#receive(message),
      onGone: () => {
        this.#detach();
        this.refresh();
        this.options.onChange(this);
      },
      log: this.options.log,
    });
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
        this.#run = applyEvent(this.#run, message.event);
        if (message.event.type === 'epoch' || message.event.type === 'ended') this.#progress = undefined;
        if (message.event.type === 'ended') this.#detach();
        break;
    }
    this.options.onChange(this);
  }

  #detach(): void {
    this.#client?.dispose();
    this.#client = undefined;
    this.#progress = undefined;
    this.#alive = false;
  }
}

function isYoung(folder: string): boolean {
  const file = join(folder, runFiles.config);
  return existsSync(file) && Date.now() - statSync(file).mtimeMs < STARTING;
}
