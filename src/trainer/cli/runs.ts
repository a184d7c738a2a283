import { toJson } from '../../core/files/jsonNumbers.ts';
import { oneLine, printable } from '../../core/printable.ts';
import { notUnderstood } from '../../core/run/newer.ts';
import { findRun, listRuns, loadRun, nameOfRun, type StoredRun } from '../../core/run/runStore.ts';
import { headlineOf } from '../../core/run/run.ts';
import { columns, headlineText, summary } from './summary.ts';

/** `udi runs`: every run with its name, state and score, newest first. */
export function runsCommand(runs: string, json: boolean): void {
  const stored = listRuns(runs).map(loadRun);
  if (json) {
    const rows = stored.map(({ id, state, meta, run, created, folder }) => ({
      id, name: nameOf({ folder, run }), created: new Date(created).toISOString(), state, meta,
      method: run.started?.method.name, dataset: run.started?.dataset.name, headline: headlineOf(run),
    }));
    process.stdout.write(`${toJson(rows, 2)}\n`);
    return;
  }
  if (stored.length === 0) {
    process.stdout.write(`No runs in ${runs}. Start one with: udi train <config>\n`);
    return;
  }
  const rows = stored.map(({ id, state, run, meta, folder }) => [
    id, oneLine(meta.title ?? nameOf({ folder, run }), 60), state, run.started?.method.name ?? '-', run.started?.dataset.name ?? '-', headlineText(run),
  ]);
  process.stdout.write(`${columns([['run', 'name', 'state', 'method', 'dataset', 'score'], ...rows], 2)}\n`);
}

/** `udi show <run>`: the whole run as text, or its folded journal as JSON. */
export function showCommand(runs: string, name: string, json: boolean): void {
  const { run, state, folder } = loadRun(findRun(runs, name));
  if (json) {
    process.stdout.write(`${toJson({ folder, state, run }, 2)}\n`);
    return;
  }
  const started = run.started;
  const head = started ? `${oneLine(started.name)}: ${started.method.label} on ${started.dataset.name}, seed ${started.seed}, ${started.backend.id}` : 'Nothing was trained yet.';
  const unread = notUnderstood(run);
  process.stdout.write(printable(`${head}\n${folder}: ${state}${unread ? `\n${unread}` : ''}${run.ended?.error ? `\n${run.ended.error.message}\n${run.ended.error.hint ?? ''}` : ''}\n\n${summary(run)}\n`));
}

/** The name of its config, as the run was started with it. */
function nameOf({ run, folder }: Pick<StoredRun, 'run' | 'folder'>): string {
  return run.started?.name ?? nameOfRun(folder) ?? '-';
}
