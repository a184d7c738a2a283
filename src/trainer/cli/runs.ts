import { toJson } from '../../core/files/jsonNumbers.ts';
import { notUnderstood } from '../../core/run/newer.ts';
import { findRun, listRuns, loadRun } from '../../core/run/runStore.ts';
import { headlineOf } from '../../core/run/run.ts';
import { columns, headlineText, summary } from './summary.ts';

/** `udi runs`: every run with its state and score, newest first. */
export function runsCommand(runs: string, json: boolean): void {
  const stored = listRuns(runs).map(loadRun);
  if (json) {
    const rows = stored.map(({ id, state, meta, run }) => ({ id, state, meta, method: run.started?.method.name, dataset: run.started?.dataset.name, headline: headlineOf(run) }));
    process.stdout.write(`${toJson(rows, 2)}\n`);
    return;
  }
  if (stored.length === 0) {
    process.stdout.write(`No runs in ${runs}. Start one with: udi train <config>\n`);
    return;
  }
  const rows = stored.map(({ id, state, run, meta }) => {
    return [meta.title ? `${id} (${meta.title})` : id, state, run.started?.method.name ?? '-', run.started?.dataset.name ?? '-',
      headlineText(run)];
  });
  process.stdout.write(`${columns([['run', 'state', 'method', 'dataset', 'score'], ...rows])}\n`);
}

/** `udi show <run>`: the whole run as text, or its folded journal as JSON. */
export function showCommand(runs: string, name: string, json: boolean): void {
  const { run, state, folder } = loadRun(findRun(runs, name));
  if (json) {
    process.stdout.write(`${toJson({ folder, state, run }, 2)}\n`);
    return;
  }
  const started = run.started;
  const head = started ? `${started.name}: ${started.method.label} on ${started.dataset.name}, seed ${started.seed}, ${started.backend.id}` : 'Nothing was trained yet.';
  const unread = notUnderstood(run);
  process.stdout.write(`${head}\n${folder}: ${state}${unread ? `\n${unread}` : ''}${run.ended?.error ? `\n${run.ended.error.message}\n${run.ended.error.hint ?? ''}` : ''}\n\n${summary(run)}\n`);
}
