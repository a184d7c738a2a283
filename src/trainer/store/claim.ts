import { createHash, randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { UserError } from '../../core/errors.ts';
import { HEARTBEAT_INTERVAL, hasHeartbeat, renewHeartbeat, type Beat } from '../../core/files/heartbeat.ts';
import { parseJson } from '../../core/files/jsonFile.ts';
import { isLive, processInfoSchema, seen, type LiveProcess } from '../../core/files/processFile.ts';
import { ownIdentity } from '../../core/files/processIdentity.ts';

/** So many times the owner may change under the eyes of one that claims, before it gives up. */
const MOST_TRIES = 100;

/** How a claim is made. */
export interface ClaimOptions {
  /** Path of the owner's socket; empty if it has none. */
  readonly socket?: string;
  /** The error of one that is not let in. The owner is not known while it is just writing down who it is. */
  readonly refuse: (owner: LiveProcess | undefined) => Error;
  /** What the claim is lost with, said by `check` and to `onLost`; `gone`: the file was deleted or moved. */
  readonly lost?: (how: Exclude<Beat, 'renewed'>) => Error;
  /** Hears at the next heartbeat that the claim is lost. */
  readonly onLost?: () => void;
  /**
   * Tells whether the owner stands still now. A claim with this lapses when it is not renewed for `HEARTBEAT_LIFE`, although
   * its owner lives, and its file is removed when it ends; others are held until the owner is gone, and their file says who was last.
   */
  readonly idle?: () => boolean;
  /** Milliseconds between two heartbeats. */
  readonly interval?: number;
}

/**
 * Makes this process the only one that works on something, by writing who it is into `file` (`trainer.json`,
 * `supervisor.json`, the lock of a stage), and renews that until `release`.
 *
 * The file is only ever replaced, by a rename. The right to replace it belongs to the one process that creates
 * `<file>.after-<hash of what it holds>`, which works on every file system; if that process died before it replaced
 * anything, its own successor is looked for in the same way. Who comes late notices that `file` has changed meanwhile.
 */
export class Claim {
  readonly #text: string;
  readonly #timer: ReturnType<typeof setInterval>;

  /** @throws what `refuse` returns if somebody else works on it; system errors of the disk */
  constructor(private readonly file: string, private readonly options: ClaimOptions) {
    const info = { ...ownIdentity(), socket: options.socket ?? '', node: process.version };
    this.#text = `${JSON.stringify(info, null, 2)}\n`;
    for (let tries = 0; !this.#take(); tries++) if (tries === MOST_TRIES) throw options.refuse(undefined);
    this.#timer = setInterval(() => this.#beat(), options.interval ?? HEARTBEAT_INTERVAL);
    this.#timer.unref();
  }

  /** @throws the error of `lost` if the file is gone or names another owner; a disk that cannot be read says neither */
  check(): void {
    let text: string | undefined;
    try {
      text = read(this.file);
    } catch {
      return;
    }
    if (text !== this.#text) throw this.#lost(text === undefined ? 'gone' : 'replaced');
  }

  /** Ends the claim. What is another owner's by now is left alone. */
  release(): void {
    clearInterval(this.#timer);
    try {
      if (read(this.file) !== this.#text) return;
      if (this.options.idle) rmSync(this.file, { force: true });
      else replace(this.file, `${JSON.stringify({ ...JSON.parse(this.#text) as object, released: true }, null, 2)}\n`);
    } catch {
      // A full or vanished disk: the file goes stale when this process has ended.
    }
  }

  #beat(): void {
    if (this.options.idle?.()) return;
    let beat: Beat;
    try {
      beat = renewHeartbeat(this.file, this.#text);
    } catch {
      // The disk does not answer now; the next beat may come in time.
      return;
    }
    if (beat === 'renewed') return;
    clearInterval(this.#timer);
    this.options.onLost?.();
  }

  #lost(how: Exclude<Beat, 'renewed'>): Error {
    return this.options.lost?.(how) ?? new UserError(`${this.file} is ${how === 'gone' ? 'gone' : 'that of another process now'}.`);
  }

  /** Takes the place of an owner that is gone, or of none; false if somebody else did so meanwhile. */
  #take(): boolean {
    const before = read(this.file);
    // A file that was only ever renamed into its place is damaged if it names nobody.
    if (before !== undefined) this.#refuseOwner(before, this.file, false);
    const successors: string[] = [];
    for (let owner = before ?? ''; ;) {
      const successor = `${this.file}.after-${createHash('sha256').update(owner).digest('hex').slice(0, 16)}`;
      successors.push(successor);
      if (create(successor, this.#text)) {
        const won = read(this.file) === before;
        if (won) replace(this.file, this.#text);
        for (const each of won ? successors : [successor]) rmSync(each, { force: true });
        return won;
      }
      const other = read(successor);
      if (other === undefined) return false;
      this.#refuseOwner(other, successor, true);
      owner = other;
    }
  }

  /** @throws what `refuse` returns if the owner that `text` names lives; `writing`: the file may not be whole yet */
  #refuseOwner(text: string, file: string, writing: boolean): void {
    const info = parseJson(text, processInfoSchema);
    const exactly = { exactly: true };
    if (!info) {
      if (writing && hasHeartbeat(file, exactly)) throw this.options.refuse(undefined);
      return;
    }
    if (isLive(info, file, exactly) && (!this.options.idle || hasHeartbeat(file, exactly))) throw this.options.refuse(seen(info));
  }
}

/** Creates a file; false if there is one. Unlike a hard link, this works on every file system. */
function create(file: string, text: string): boolean {
  let handle: number;
  try {
    handle = openSync(file, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  try {
    writeFileSync(handle, text);
    return true;
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
}

function replace(file: string, text: string): void {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    writeFileSync(temporary, text);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
