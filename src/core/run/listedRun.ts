import { newestFirst, runFolders, withState, type StoredRun } from './runStore.ts';
import { emptySummary, readSummary, type RunSummary } from './summary.ts';
import { orUnreadable } from './unreadable.ts';

/** A run as lists show it: with its summary in place of its folded journal. */
export type ListedRun = StoredRun<RunSummary>;

/** All runs below `runs`, newest first, by their summaries: the journal of a run is read only if its summary disagrees with it. */
export function listedRuns(runs: string): ListedRun[] {
  return runFolders(runs).map(listedRun).sort(newestFirst);
}

/** One run by its summary; one that cannot be read is there in the state `unreadable`. */
export function listedRun(folder: string): ListedRun {
  return orUnreadable(folder, emptySummary, () => withState(folder, readSummary(folder)));
}
