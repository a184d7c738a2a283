import type { RunView } from '../../core/protocol.ts';
import { notUnderstood } from '../../core/run/newer.ts';
import { canResume } from '../../core/run/run.ts';
import { noConfig } from '../../core/run/shownConfig.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';

/** What a page is told of a run. */
export function runViewOf(run: TrackedRun, trusted: boolean): RunView {
  const unread = notUnderstood(run.run);
  return {
    id: run.id,
    title: run.title,
    state: run.state,
    run: run.run,
    config: run.config ?? noConfig,
    ...(run.reason === undefined ? {} : { reason: run.reason }),
    ...(unread === undefined ? {} : { notUnderstood: unread }),
    ...(run.progress ? { progress: run.progress } : {}),
    ...(run.elsewhere === undefined ? {} : { elsewhere: run.elsewhere }),
    ...(run.isActive && run.process?.socket === '' ? { noSocket: true } : {}),
    ...(canResume(run.state) && !run.canResume ? { foreign: true } : {}),
    trusted,
  };
}
