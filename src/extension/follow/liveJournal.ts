import type { ChildProcess } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { livenessOf } from '../../core/files/processIdentity.ts';
import type { LiveProcess, ProcessInfo } from '../../core/files/processFile.ts';
import type { ClientMessage } from '../../core/wire.ts';
import { Disposable, every, type Held } from '../disposable.ts';
import type { Log } from '../log.ts';
import { TrainerClient } from '../launch/trainerClient.ts';

/** So young, a folder without events and process file is one whose process is starting, perhaps from another window. */
const STARTING = 15_000;
const SETTLE = 200;

/** What a journal folds into must say at least this. */
export interface JournalState {
  readonly lastSeq: number;
  /** Set when the process has said its last word. */
  readonly ended?: unknown;
}

/** What one kind of journal (of a run, of a study) adds to the shared rest. */
export interface JournalKind<State extends JournalState, Event, Message> {
  /** Name of the journal in its folder. */
  readonly file: string;
  /** Name of the file that the folder was created with; its age says whether a process may still be starting. */
  readonly created: string;
  readonly empty: State;
  /** Reads whole lines from byte `from` on. */
  readonly read: (folder: string, from: number) => { readonly events: readonly Event[]; readonly validBytes: number };
  readonly apply: (state: State, event: Event) => State;
  /** The process that the folder names, alive or not. */
  readonly process: (folder: string) => ProcessInfo | undefined;
  /** Whether a program that leaves no process file writes the journal now. */
  readonly isWrittenByOther?: (folder: string) => boolean;
  /** The process that works on the folder now. */
  readonly live: (folder: string) => LiveProcess | undefined;
  readonly message: z.ZodType<Message>;
  /** The event that a message carries; undefined for messages that are not stored. */
  readonly eventOf: (message: Message) => Event | undefined;
}

/** A journal file as it was at one moment. */
export interface JournalMoment {
  readonly size: number;
  readonly mtimeMs: number;
}

/** Whom a live journal tells. */
export interface JournalOwner<Message> {
  readonly log: Log;
  /** What the journal says, or whether its process lives, has changed. */
  readonly onChange: () => void;
  /** The process said something; an event in it is folded already. */
  readonly onMessage: (message: Message) => void;
  /** The process has ended, or said its last word. */
  readonly onDetach?: () => void;
}

/**
 * The journal of one folder, kept up to date: from the socket of the process that writes it while that lives, from the
 * file otherwise.
 */
export class LiveJournal<State extends JournalState, Event, Message> extends Disposable {
  #state: State;
  #bytes = 0;
  #alive = false;
  #process: LiveProcess | undefined;
  #launch: Held | undefined;
  /** Whether a process that this window started has ended since. */
  #exited = false;
  #client: TrainerClient<Message> | undefined;
  #failure: unknown;
  /** `pid:start` of a process that was found dead; processes do not come back, and asking is slow on some systems. */
  #dead: string | undefined;
  /**
   * The journal when its owner learned, from elsewhere, what it says, and that its process has said its last word. It is not read
   * until it is another one, or somebody asks for its state.
   */
  #unread: JournalMoment | undefined;

  constructor(
    private readonly folder: string,
    private readonly kind: JournalKind<State, Event, Message>,
    private readonly owner: JournalOwner<Message>,
    unread?: JournalMoment,
  ) {
    super();
    this.#state = kind.empty;
    this.#unread = unread;
    this.register({ dispose: () => {
      this.#client?.dispose();
      this.#launch?.dispose();
    } });
    this.#read();
  }

  /** What the journal says so far; read now if it was not yet. */
  get state(): State {
    this.#readNow();
    return this.#state;
  }

  /** Whether the journal was read, so that the state says what it says. */
  get isRead(): boolean {
    return this.#unread === undefined;
  }

  /** What kept the file from being read at the last look. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Whether the process that writes it runs, as far as is known. */
  get alive(): boolean {
    return this.#alive;
  }

  /** The process that writes it, while it runs and has noted itself. */
  get process(): LiveProcess | undefined {
    return this.#alive ? this.#process : undefined;
  }

  /** Whether a process was just started that has not spoken yet. */
  get launching(): boolean {
    return this.#launch !== undefined;
  }

  /** Looks at the file and the process again. Returns whether that changed anything. */
  look(): boolean {
    const before = this.#stamp();
    this.#read();
    return this.#stamp() !== before;
  }

  /** The process that writes the journal was just started as `child`: it counts as running until it speaks or ends. */
  launched(child: ChildProcess): void {
    this.#readNow();
    this.#launch?.dispose();
    this.#exited = false;
    const known = this.#state.lastSeq;
    const settle = () => {
      if (this.look()) this.owner.onChange();
      if (this.#state.lastSeq > known) end();
    };
    // File watchers may be slow or switched off; the start is the one moment somebody waits for.
    const timer = every(SETTLE, settle);
    const end = () => {
      timer.dispose();
      if (this.#launch !== timer) return;
      this.#launch = undefined;
      this.owner.onChange();
    };
    this.#launch = timer;
    child.once('exit', () => {
      this.#exited = true;
      if (this.look()) this.owner.onChange();
      end();
    });
    this.owner.onChange();
  }

  /** Sends a message to the process; false if it cannot be reached now. */
  send(message: ClientMessage): boolean {
    return this.#client?.send(message) ?? false;
  }

  #stamp(): string {
    return `${this.launching} ${this.#alive} ${String(this.#failure)} ${this.process?.elsewhere ?? ''} ${this.process?.socket ?? ''} ${this.#state.lastSeq}`;
  }

  #readNow(): void {
    if (this.#unread === undefined) return;
    this.#unread = undefined;
    this.#read();
  }

  #read(): void {
    try {
      if (this.#unread) {
        const now = statSync(join(this.folder, this.kind.file), { throwIfNoEntry: false });
        if (now?.size === this.#unread.size && now.mtimeMs === this.#unread.mtimeMs) return;
        this.#unread = undefined;
      }
      if (!this.#client?.connected) this.#readFile();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
    }
    this.#checkProcess();
  }

  /** Folds what was appended since the last look. A journal that is shorter than what was read is another journal. */
  #readFile(): void {
    const file = join(this.folder, this.kind.file);
    const size = existsSync(file) ? statSync(file).size : 0;
    if (size < this.#bytes) {
      this.#bytes = 0;
      this.#state = this.kind.empty;
    }
    if (size === this.#bytes) return;
    const { events, validBytes } = this.kind.read(this.folder, this.#bytes);
    this.#bytes = validBytes;
    for (const event of events) this.#state = this.kind.apply(this.#state, event);
  }

  /** Finds out whether the process lives, and listens to it if so. What ended by its own word needs no asking. */
  #checkProcess(): void {
    if (this.#client?.connected) return;
    this.#alive = false;
    if (this.#state.ended && !this.#launch) return;
    const info = this.kind.process(this.folder);
    if (!info) {
      this.#alive = this.#state.lastSeq === 0 ? !this.#exited && this.#isYoung() : this.kind.isWrittenByOther?.(this.folder) ?? false;
      return;
    }
    const identity = `${info.pid}:${info.start}`;
    if (identity === this.#dead) return;
    this.#process = this.kind.live(this.folder);
    this.#alive = this.#process !== undefined;
    if (!this.#process) {
      // Only what is surely dead stays so; one that cannot be seen may give a sign of life again.
      if (livenessOf(info) === 'dead') this.#dead = identity;
      this.#detach();
      return;
    }
    // A process without a socket, or on another machine, is followed by its file alone.
    if (info.socket === '' || this.#process.elsewhere !== undefined) return;
    this.#client ??= new TrainerClient({
      socket: info.socket,
      schema: this.kind.message,
      since: () => this.#state.lastSeq,
      isAlive: () => this.kind.live(this.folder)?.pid === info.pid,
      onMessage: (message) => this.#receive(message),
      onGone: () => {
        this.#detach();
        this.look();
        this.owner.onChange();
      },
      log: this.owner.log,
    });
  }

  #receive(message: Message): void {
    const event = this.kind.eventOf(message);
    if (event !== undefined) {
      this.#state = this.kind.apply(this.#state, event);
      if (this.#state.ended) this.#detach();
    }
    this.owner.onMessage(message);
  }

  #detach(): void {
    this.#client?.dispose();
    this.#client = undefined;
    this.#alive = false;
    this.owner.onDetach?.();
  }

  #isYoung(): boolean {
    const file = join(this.folder, this.kind.created);
    return existsSync(file) && Date.now() - statSync(file).mtimeMs < STARTING;
  }
}
