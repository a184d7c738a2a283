import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../src/core/events.ts';
import { processStart } from '../../src/core/processIdentity.ts';
import { readJournal, runFiles } from '../../src/core/runStore.ts';
import {
  clientMessageSchema, createLineSplitter, type ClientMessage, type TrainerMessage,
} from '../../src/core/wire.ts';
import { appendEvents } from './runFixture.ts';

/** The socket side of a trainer, in the test's own process, for tests in which training is not the point. */
export class FakeTrainer {
  readonly received: ClientMessage[] = [];
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #subscribed = new Set<Socket>();

  private constructor(private readonly folder: string) {
    const name = `udi-fake-${process.pid}-${Math.random().toString(16).slice(2)}`;
    const windows = process.platform === 'win32';
    this.path = windows ? `\\\\.\\pipe\\${name}` : join(mkdtempSync(join(tmpdir(), 'udi-')), 'socket');
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#subscribed.delete(socket);
      });
      socket.setEncoding('utf8').on('data', createLineSplitter((line) => this.#receive(socket, line)));
    });
  }

  /** Listens, and writes the run's trainer file with the identity of this process. */
  static async start(folder: string, pid = process.pid): Promise<FakeTrainer> {
    const trainer = new FakeTrainer(folder);
    await new Promise<void>((resolve) => trainer.#server.listen(trainer.path, resolve));
    const info = { pid, start: processStart(pid) ?? 'gone', socket: trainer.path, node: process.version };
    writeFileSync(join(folder, runFiles.trainer), JSON.stringify(info));
    return trainer;
  }

  /** Appends to the journal, then tells the subscribers, in the trainer's order. */
  emit(events: readonly RunEvent[]): void {
    appendEvents(this.folder, events);
    for (const event of events) this.broadcast({ type: 'event', event });
  }

  /** Sends something to every subscriber. */
  broadcast(message: TrainerMessage): void {
    for (const socket of this.#subscribed) socket.write(`${JSON.stringify(message)}\n`);
  }

  /** Breaks all connections; new ones are taken. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Ends the server. */
  async close(): Promise<void> {
    this.hangUp();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #receive(socket: Socket, line: string): void {
    const message = clientMessageSchema.parse(JSON.parse(line));
    this.received.push(message);
    if (message.type !== 'subscribe') return;
    this.#subscribed.add(socket);
    for (const event of readJournal(this.folder).events) {
      if (event.seq > message.since) socket.write(`${JSON.stringify({ type: 'event', event })}\n`);
    }
  }
}
