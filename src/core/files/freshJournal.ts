import { existsSync, statSync } from 'node:fs';

/** So long after its last line a journal without process file counts as being written, ms. */
const FRESH = 120_000;

/**
 * Whether a program other than ours writes this journal now. Ours leave a process file beside it before the first event; of
 * others all that can be seen is when the journal was last written to (or touched).
 */
export function isWrittenByOther(journal: string, processFile: string): boolean {
  const stat = statSync(journal, { throwIfNoEntry: false });
  return stat !== undefined && stat.size > 0 && Date.now() - stat.mtimeMs < FRESH && !existsSync(processFile);
}
