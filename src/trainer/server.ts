import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { clientMessageSchema, createLineSplitter, type ClientMessage, type TrainerMessage } from '../core/wire.ts';
import type { Control } from './control.ts';
import type { Journal } from './journal.ts';

/** The trainer's end of the local socket. */
export interface TrainerServer {
  readonly path: string;
  /** Sends something that is not stored (progress) to every subscriber. */
  broadcast(message: TrainerMessage): void;
  close(): Promise<void>;
}

/** A named pipe on Windows, elsewhere a socket in a folder that only this user may enter. */
export function socketPath(runFolder: string): string {
  const id = createHash('sha256').update(`${runFolder}:${process.pid}`).digest('hex').slice(0, 16);
  if (process.platform === 'win32') return `\\\\.\\pipe\\udi-${id}`;
  const folder = join(tmpdir(), `udi-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return join(folder, `${id}.sock`);
}

/** Listens for clients; each may subscribe to the journal and send commands (`core/wire.ts`). */
export async function startServer(runFolder: string, journal: Journal, control: Control): Promise<TrainerServer> {
  const path = socketPath(runFolder);
  const subscribers = new Map<Socket, () => void>();
  const send = (socket: Socket, message: TrainerMessage): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  const handle = (socket: Socket, message: ClientMessage): void => {
    switch (message.type) {
      case 'subscribe':
        subscribers.get(socket)?.();
        subscribers.set(socket, journal.subscribe(message.since, (event) => send(socket, { type: 'event', event })));
        return;
      case 'stop': return control.stop();
      case 'cancel': return control.cancel();
      case 'pause': return control.pause();
      case 'resume': return control.resume();
    }
  };
  const server = createServer((socket) => {
    socket.setEncoding('utf8');
    socket.on('data', createLineSplitter((line) => {
      const message = parseMessage(line);
      if (message) handle(socket, message);
      else send(socket, { type: 'refused', message: `Not a message of this protocol: ${line.slice(0, 200)}` });
    }));
    const forget = (): void => {
      subscribers.get(socket)?.();
      subscribers.delete(socket);
    };
    socket.on('close', forget);
    socket.on('error', forget);
  });
  await listen(server, path);
  return {
    path,
    broadcast: (message) => {
      for (const socket of subscribers.keys()) send(socket, message);
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
      // Everything written so far still reaches the clients; a client that does not read must not keep the trainer alive.
      const open = [...subscribers.keys()];
      for (const socket of open) socket.end();
      const timer = setTimeout(() => open.forEach((socket) => socket.destroy()), 1000);
      await closed;
      clearTimeout(timer);
    },
  };
}

function parseMessage(line: string): ClientMessage | undefined {
  try {
    return clientMessageSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
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
