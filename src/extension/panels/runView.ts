import type { RunView } from '../../core/protocol.ts';
import { readRunConfig } from '../../core/run/runStore.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';

/**
 * What a page is told of a run.
 * @throws UserError if the stored config is missing or damaged
 */
export function runViewOf(run: TrackedRun, trusted: boolean): RunView {
  return {
    id: run.id,
    title: run.title,
    state: run.state,
    run: run.run,
    config: run.config ?? readRunConfig(run.folder),
    ...(run.progress ? { progress: run.progress } : {}),
    trusted,
  };
}
