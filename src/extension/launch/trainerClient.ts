import { createConnection, type Socket } from 'node:net';
import type { z } from 'zod';
import { createLineSplitter, type ClientMessage } from '../../core/wire.ts';
import { Disposable } from '../disposable.ts';
import type { Log } from '../log.ts';

const FIRST_DELAY = 100;
const LONGEST_DELAY = 5000;

/** What a client needs to know and whom it tells. */
export interface TrainerClientOptions<Message> {
  /** Path of the socket or named pipe. */
  readonly socket: string;
  /** What may come over it. */
  readonly schema: z.ZodType<Message>;
  /** The `seq` up to which events are known; asked again at every connection, so that no gap is left. */
  readonly since: () => number;
  /** Whether the process still runs; asked when there is no connection. */
  readonly isAlive: () => boolean;
  readonly onMessage: (message: Message) => void;
  /** The process has ended; nothing more will come. */
  readonly onGone: () => void;
  readonly log: Log;
}

/** A connection to a running trainer or supervisor, renewed until its process is gone. */
export class TrainerClient<Message> extends Disposable {
  #socket: Socket | undefined;
  #connected = false;
  #delay = FIRST_DELAY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: TrainerClientOptions<Message>) {
    super();
    this.register({ dispose: () => {
      clearTimeout(this.#timer);
      this.#socket?.destroy();
      this.#connected = false;
    } });
    this.#connect();
  }

  /** Whether messages can be sent and events come in. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Sends a message; false if there is no connection. */
  send(message: ClientMessage): boolean {
    if (!this.#connected) return false;
    this.#socket?.write(`${JSON.stringify(message)}\n`);
    return true;
  }

  #connect(): void {
    const socket = createConnection(this.options.socket);
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      this.#connected = true;
      this.send({ type: 'subscribe', since: this.options.since() });
    });
    const split = createLineSplitter((line) => this.#receive(line));
    socket.on('data', (chunk: string) => split(chunk));
    socket.on('error', (error) => this.options.log.debug(`${this.options.socket}: ${error.message}`));
    socket.on('close', () => this.#closed());
  }

  #receive(line: string): void {
    if (this.isDisposed) return;
    // A trainer that accepts and hangs up at once must not be asked ten times a second: only words reset the pause.
    this.#delay = FIRST_DELAY;
    const message = this.#parse(line);
    if (message !== undefined) this.options.onMessage(message);
    else this.options.log.warn(`${this.options.socket}: message not understood: ${line.slice(0, 200)}`);
  }

  #parse(line: string): Message | undefined {
    try {
      return this.options.schema.safeParse(JSON.parse(line)).data;
    } catch {
      return undefined;
    }
  }

  #closed(): void {
    this.#connected = false;
    if (this.isDisposed) return;
    if (!this.options.isAlive()) {
      this.options.onGone();
      return;
    }
    this.#timer = setTimeout(() => this.#connect(), this.#delay);
    this.#delay = Math.min(2 * this.#delay, LONGEST_DELAY);
  }
}
