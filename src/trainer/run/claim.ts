import { createHash } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { parseJson } from '../../core/files/jsonFile.ts';
import { processInfoSchema, type ProcessInfo } from '../../core/files/processFile.ts';
import { isSameProcess, processStart } from '../../core/files/processIdentity.ts';

/**
 * Makes this process the only one that works on a folder, by writing who it is into `file` (`trainer.json`,
 * `supervisor.json`); returns the function that ends the claim. The file itself stays: it says who was last.
 *
 * Nobody there yet: a hard link, which fails if the name exists. A dead owner's file may be replaced by the one process
 * that creates, again by a hard link, the file `<file>.after-<hash of the dead owner>`; if that process died too before it
 * replaced anything, its own successor is looked for in the same way. Who got there late notices that `file` has changed.
 * @throws what `refuse` returns if the owner is alive
 */
export function claim(file: string, socket: string, refuse: (owner: ProcessInfo) => Error): () => void {
  const info: ProcessInfo = { pid: process.pid, start: processStart(process.pid) ?? '', socket, node: process.version };
  const mine = `${file}.${process.pid}`;
  rmSync(mine, { force: true });
  writeFileSync(mine, `${JSON.stringify(info, null, 2)}\n`);
  try {
    while (!tryLink(mine, file) && !takeOver(mine, file, refuse));
    return () => rmSync(socket, { force: true });
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Replaces the file of a dead owner; false if somebody else did so meanwhile. */
function takeOver(mine: string, file: string, refuse: (owner: ProcessInfo) => Error): boolean {
  const dead = read(file);
  const successors: string[] = [];
  for (let owner = dead; owner !== undefined; owner = read(successors.at(-1)!)) {
    const info = parseJson(owner, processInfoSchema);
    if (info && isSameProcess(info.pid, info.start)) throw refuse(info);
    const successor = `${file}.after-${createHash('sha256').update(owner).digest('hex').slice(0, 16)}`;
    successors.push(successor);
    if (!tryLink(mine, successor)) continue;
    if (read(file) !== dead) {
      rmSync(successor, { force: true });
      return false;
    }
    renameSync(mine, file);
    for (const each of successors) rmSync(each, { force: true });
    return true;
  }
  return false;
}

/** Gives a file a second name; false if that name is taken. */
export function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
