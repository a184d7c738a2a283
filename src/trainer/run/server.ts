import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../core/files/jsonFile.ts';
import { toJson } from '../../core/files/jsonNumbers.ts';
import { createLineSplitter, subscribeSchema } from '../../core/wire.ts';

/** Bytes that a socket's path may have: 108 on Linux, 104 on macOS and BSD, with a zero at the end. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

/** What a server serves: a journal, and commands. */
export interface ServerOptions<Event, Command> {
  readonly journal: { subscribe(since: number, listener: (event: Event) => void): () => void };
  /** What clients may send beside `subscribe`. */
  readonly commands: z.ZodType<Command>;
  readonly onCommand: (command: Command) => void;
}

/** A socket that clients can find already, but that nobody answers before `serve`. */
export interface Listening {
  /** Where it is; empty if no place for a socket could be used. */
  readonly path: string;
  /** Why there is none. */
  readonly refusal?: string;
  readonly server: Server;
}

/** This process's end of the local socket; `Message` is what it may send beside events. */
export interface JournalServer<Message> {
  /** Sends something that is not stored (progress) to every subscriber. */
  broadcast(message: Message): void;
  close(): Promise<void>;
}

/**
 * Listens in the first place that can be used: a named pipe on Windows, elsewhere a socket in a folder that only this user
 * may enter. Training goes on without one, followed by its files, where there is none.
 */
export async function listen(folder: string, places = socketPlaces(folder)): Promise<Listening> {
  const id = createHash('sha256').update(`${folder}:${process.pid}:${performance.timeOrigin}`).digest('hex').slice(0, 16);
  const server = createServer();
  if (process.platform === 'win32') return { server, ...await tryListen(server, `\\\\.\\pipe\\udi-${id}`) };
  const refusals: string[] = [];
  for (const place of places) {
    const path = join(place, `${id}.sock`);
    const { path: found, refusal } = Buffer.byteLength(path) > LONGEST_PATH
      ? { path: '', refusal: 'longer than a socket\'s path may be' }
      : await tryListen(server, path, place === folder ? undefined : place);
    if (found) return { server, path: found };
    refusals.push(`${place} (${refusal ?? ''})`);
  }
  return { server, path: '', refusal: refusals.join(', ') };
}

/** Folders that may hold the socket, in the order in which they are tried. */
function socketPlaces(folder: string): string[] {
  const name = `udi-${process.getuid?.() ?? ''}`;
  const runtime = process.env['XDG_RUNTIME_DIR'];
  return [...new Set([join(tmpdir(), name), ...(runtime ? [join(runtime, name)] : []), join('/tmp', name), folder])];
}

/** `own`: a folder to be made for sockets alone, which only this user may enter. */
async function tryListen(server: Server, path: string, own?: string): Promise<{ path: string; refusal?: string }> {
  try {
    if (own !== undefined) {
      mkdirSync(own, { recursive: true, mode: 0o700 });
      // Fails if the folder is somebody else's, who could then replace the socket.
      chmodSync(own, 0o700);
    }
    if (process.platform !== 'win32') rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return { path };
  } catch (error) {
    return { path: '', refusal: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

/** Lets go of a socket that nobody was served on. */
export function stopListening({ server }: Listening): void {
  server.close();
}

/**
 * Answers the clients of a socket; each may subscribe to the journal and send commands (`core/wire.ts`). Must be called
 * before the event loop gets to a first client.
 */
export function serve<Event, Command, Message = never>({ server }: Listening, options: ServerOptions<Event, Command>): JournalServer<Message> {
  const sockets = new Set<Socket>();
  const subscribers = new Map<Socket, () => void>();
  const schema = z.union([subscribeSchema.transform(({ since }) => ({ since })), options.commands.transform((command) => ({ command }))]);
  const send = (socket: Socket, message: object): void => {
    if (!socket.destroyed) socket.write(`${toJson(message)}\n`);
  };
  server.on('connection', (socket) => {
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
