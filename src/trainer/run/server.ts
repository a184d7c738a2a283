import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../core/files/jsonFile.ts';
import { toJson } from '../../core/files/jsonNumbers.ts';
import { createLineSplitter, subscribeSchema } from '../../core/wire.ts';

/** What a server serves: a journal, and commands. */
export interface ServerOptions<Event, Command> {
  readonly path: string;
  readonly journal: { subscribe(since: number, listener: (event: Event) => void): () => void };
  /** What clients may send beside `subscribe`. */
  readonly commands: z.ZodType<Command>;
  readonly onCommand: (command: Command) => void;
}

/** This process's end of the local socket; `Message` is what it may send beside events. */
export interface JournalServer<Message> {
  /** Sends something that is not stored (progress) to every subscriber. */
  broadcast(message: Message): void;
  close(): Promise<void>;
}

/** A named pipe on Windows, elsewhere a socket in a folder that only this user may enter. */
export function socketPath(folder: string): string {
  const id = createHash('sha256').update(`${folder}:${process.pid}`).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\udi-${id}`;
  const sockets = join(tmpdir(), `udi-${userInfo().uid}`);
  mkdirSync(sockets, { recursive: true, mode: 0o700 });
  chmodSync(sockets, 0o700);
  return join(sockets, `${id}.sock`);
}

/** Listens for clients; each may subscribe to the journal and send commands (`core/wire.ts`). */
export async function startServer<Event, Command, Message = never>(options: ServerOptions<Event, Command>): Promise<JournalServer<Message>> {
  const sockets = new Set<Socket>();
  const subscribers = new Map<Socket, () => void>();
  const schema = z.union([subscribeSchema.transform(({ since }) => ({ since })), options.commands.transform((command) => ({ command }))]);
  const send = (socket: Socket, message: object): void => {
    if (!socket.destroyed) socket.write(`${toJson(message)}\n`);
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('utf8');
    socket.on('data', createLineSplitter((line) => {
      const message = parseJson(line, schema);
      if (!message) send(socket, { type: 'refused', message: `Not a message of this protocol: ${line.slice(0, 200)}` });
      else if ('command' in message) options.onCommand(message.command);
      else {
        subscribers.get(socket)?.();
        subscribers.set(socket, options.journal.subscribe(message.since, (event) => send(socket, { type: 'event', event })));
      }
    }));
    const forget = (): void => {
      subscribers.get(socket)?.();
      subscribers.delete(socket);
      sockets.delete(socket);
    };
    socket.on('close', forget);
    socket.on('error', forget);
  });
  await listen(server, options.path);
  return {
    broadcast: (message) => {
      for (const socket of subscribers.keys()) send(socket, message as object);
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
      // Everything written so far still reaches the clients; a client that does not read must not keep the process alive.
      const open = [...sockets];
      for (const socket of open) socket.end();
      const timer = setTimeout(() => open.forEach((socket) => socket.destroy()), 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function listen(server: Server, path: string): Promise<void> {
  if (process.platform !== 'win32') rmSync(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
