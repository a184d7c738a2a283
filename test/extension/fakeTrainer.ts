import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '../../src/core/run/events.ts';
import { processStart } from '../../src/core/files/processIdentity.ts';
import { readJournal, runFiles } from '../../src/core/run/runStore.ts';
import type { StudyEvent } from '../../src/core/study/studyEvents.ts';
import { readStudyJournal, studyFiles } from '../../src/core/study/studyStore.ts';
import {
  clientMessageSchema, createLineSplitter, type ClientMessage, type SupervisorMessage, type TrainerMessage,
} from '../../src/core/wire.ts';
import { appendEvents } from './runFixture.ts';

/**
 * The socket side of a trainer or supervisor, in the test's own process, for tests in which training is not the point.
 */
export class FakeTrainer<Event extends RunEvent | StudyEvent = RunEvent> {
  readonly received: ClientMessage[] = [];
  readonly path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #subscribed = new Set<Socket>();

  private constructor(private readonly folder: string, private readonly read: (folder: string) => readonly Event[]) {
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
  static start(folder: string, pid = process.pid): Promise<FakeTrainer> {
    return new FakeTrainer(folder, (each) => readJournal(each).events).#listen(join(folder, runFiles.trainer), pid);
  }

  /** The same for a study and its supervisor file. */
  static supervise(folder: string, pid = process.pid): Promise<FakeTrainer<StudyEvent>> {
    const supervisor = new FakeTrainer(folder, (each) => readStudyJournal(each).events);
    return supervisor.#listen(join(folder, studyFiles.supervisor), pid);
  }

  /** Appends to the journal, then tells the subscribers, in the trainer's order. */
  emit(events: readonly Event[]): void {
    appendEvents(this.folder, events);
    for (const event of events) this.broadcast({ type: 'event', event } as TrainerMessage | SupervisorMessage);
  }

  /** Sends something to every subscriber. */
  broadcast(message: TrainerMessage | SupervisorMessage): void {
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

  async #listen(file: string, pid: number): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
    writeFileSync(file, JSON.stringify({ pid, start: processStart(pid) ?? 'gone', socket: this.path, node: process.version }));
    return this;
  }

  #receive(socket: Socket, line: string): void {
    const message = clientMessageSchema.parse(JSON.parse(line));
    this.received.push(message);
    if (message.type !== 'subscribe') return;
    this.#subscribed.add(socket);
    for (const event of this.read(this.folder)) {
      if (event.seq > message.since) socket.write(`${JSON.stringify({ type: 'event', event })}\n`);
    }
  }
}
