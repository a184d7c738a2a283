import { existsSync, lstatSync, lutimesSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { runsFolder } from '../core/run/runStore.ts';

/** Deleted runs are kept this long. */
const KEEP = 30 * 24 * 3600 * 1000;

/**
 * Our own trash, because the system's is not to be had on remote hosts and cannot be undone from: a deleted run moves
 * to `.udi/trash/` beside `.udi/runs/`, stays there for 30 days and can be moved back.
 */
export function trashFolder(root: string): string {
  return join(root, '.udi', 'trash');
}

/**
 * Moves a run folder to the trash, lets go of what lay there too long, and returns the new place. Of a run that is a link only the
 * link is moved, and in the end removed; what it leads to stays.
 */
export function moveToTrash(runFolder: string, now = Date.now()): string {
  const root = rootOf(runFolder);
  const trash = trashFolder(root);
  mkdirSync(trash, { recursive: true });
  emptyTrash(root, now - KEEP);
  const target = freePlace(join(trash, basename(runFolder)));
  renameSync(runFolder, target);
  // A rename leaves the folder's own time alone; it says from now on when the run was deleted.
  lutimesSync(target, new Date(now), new Date(now));
  return target;
}

/** Moves a run back to where it was and returns that place. */
export function restoreFromTrash(trashed: string): string {
  const target = join(runsFolder(rootOf(trashed)), basename(trashed));
  if (!isThere(trashed)) throw new UserError(`The run ${basename(trashed)} is no longer in the trash.`);
  if (isThere(target)) throw new UserError(`There is a run ${basename(trashed)} already.`);
  renameSync(trashed, target);
  return target;
}

/** Folders of the deleted runs of a root, last deleted first. */
export function listTrash(root: string): string[] {
  const trash = trashFolder(root);
  if (!existsSync(trash)) return [];
  return readdirSync(trash, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map((entry) => join(trash, entry.name))
    .sort((a, b) => lstatSync(b).mtimeMs - lstatSync(a).mtimeMs);
}

/** Removes for good what was deleted before `before` (ms since 1970), or everything; returns how many runs. */
export function emptyTrash(root: string, before = Infinity): number {
  const old = listTrash(root).filter((folder) => lstatSync(folder).mtimeMs < before);
  for (const folder of old) rmSync(folder, { recursive: true, force: true });
  return old.length;
}

/** `<root>/.udi/<runs or trash>/<id>` → `<root>`. */
function rootOf(folder: string): string {
  return dirname(dirname(dirname(folder)));
}

/** Whether there is something, be it a link that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The path, or one like it with a number: a folder that the user has named may have been deleted before. */
function freePlace(path: string): string {
  for (let number = 1; ; number++) {
    const place = number === 1 ? path : `${path}-${number}`;
    if (!isThere(place)) return place;
  }
}
