import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { errorText, UserError } from '../errors.ts';
import { emptyRun } from './run.ts';
import { createdAt, loadRun, readMeta, runFiles, type RunMeta, type StoredRun } from './runStore.ts';
import { parseShownConfig, type ShownConfig } from './shownConfig.ts';

/**
 * Reads a run as `loadRun` does; one that cannot be read (permissions, a folder in place of a file, a damaged config) is there
 * in the state `unreadable`, with the reason. So no list, study or tree fails because of one run.
 */
export function tryLoadRun(folder: string): StoredRun {
  return orUnreadable(folder, emptyRun, () => loadRun(folder));
}

/** What `load` makes of a run; if it throws, or the config is damaged, the run is `unreadable`, with `empty` for its content. */
export function orUnreadable<Content>(folder: string, empty: Content, load: () => StoredRun<Content>): StoredRun<Content> {
  try {
    const stored = load();
    const reason = reasonOf(() => readShownConfig(folder), folder);
    return reason === undefined || stored.state === 'running' || stored.state === 'paused' ? stored : { ...stored, state: 'unreadable', reason };
  } catch (error) {
    const meta = readMeta(folder);
    return { folder, id: basename(folder), run: empty, state: 'unreadable', meta, created: createdSafely(folder, meta), reason: readFailure(error, folder) };
  }
}

/**
 * The config of any run, whoever wrote it.
 * @throws UserError if it is no map; what the system says if it cannot be read
 */
export function readShownConfig(folder: string): ShownConfig {
  const file = join(folder, runFiles.config);
  try {
    return parseShownConfig(readFileSync(file, 'utf8'), file);
  } catch (error) {
    // The system does not say which file it was when that is a folder.
    throw error instanceof UserError ? error : Object.assign(error as Error, { path: file });
  }
}

/** Why a file of a run could not be read, in one sentence; where the system names no file it is the journal. */
export function readFailure(error: unknown, folder: string): string {
  if (error instanceof UserError) return error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  // A read of an open file or folder names none.
  const file = path ?? join(folder, runFiles.events);
  switch (code) {
    case 'EACCES':
    case 'EPERM': return `${file} cannot be read: there is no permission (${code}).`;
    case 'EISDIR': return `${file} cannot be read: it is a folder (EISDIR).`;
    default: return code === undefined ? errorText(error) : `${file} cannot be read (${code}).`;
  }
}

function reasonOf(read: () => unknown, folder: string): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    return readFailure(error, folder);
  }
}

/** When a run was created; the beginning of time where not even that can be read. */
function createdSafely(folder: string, meta: RunMeta): number {
  try {
    return createdAt(folder, meta);
  } catch {
    return 0;
  }
}
