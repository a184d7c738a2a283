import { toJson } from '../../core/files/jsonNumbers.ts';
import { oneLine, printable } from '../../core/printable.ts';
import { listedRuns, type ListedRun } from '../../core/run/listedRun.ts';
import { notUnderstood } from '../../core/run/newer.ts';
import { findRun, nameOfRun } from '../../core/run/runStore.ts';
import { tryLoadRun } from '../../core/run/unreadable.ts';
import { stateText } from '../../core/run/run.ts';
import { columns, headlineText, summary } from './summary.ts';

/** `udi runs`: every run with its name, state and score, newest first. */
export function runsCommand(runs: string, json: boolean): void {
  const stored = listedRuns(runs);
  if (json) {
    const rows = stored.map(({ id, state, elsewhere, reason, meta, run, created, folder }) => ({
      id, name: nameOf({ folder, run }), created: new Date(created).toISOString(), state, host: elsewhere, reason, meta,
      method: run.started?.method.name, dataset: run.started?.dataset.name, headline: run.headline,
    }));
    process.stdout.write(`${toJson(rows, 2)}\n`);
    return;
  }
  if (stored.length === 0) {
    process.stdout.write(`No runs in ${runs}. Start one with: udi train <config>\n`);
    return;
  }
  const rows = stored.map(({ id, state, elsewhere, run, meta, folder }) => [
    id, oneLine(meta.title ?? nameOf({ folder, run }), 60), stateText(state, elsewhere), run.started?.method.name ?? '-', run.started?.dataset.name ?? '-', headlineText(run.headline),
  ]);
  const reasons = stored.flatMap(({ id, reason }) => (reason === undefined ? [] : [`${id}: ${reason}`]));
  const table = columns([['run', 'name', 'state', 'method', 'dataset', 'score'], ...rows], 2);
  process.stdout.write(printable(`${table}\n${reasons.length > 0 ? `\n${reasons.join('\n')}\n` : ''}`));
}

/** `udi show <run>`: the whole run as text, or its folded journal as JSON. */
export function showCommand(runs: string, name: string, json: boolean): void {
  const { run, state, elsewhere, folder, reason } = tryLoadRun(findRun(runs, name));
  if (json) {
    process.stdout.write(`${toJson({ folder, state, host: elsewhere, reason, run }, 2)}\n`);
    return;
  }
  const started = run.started;
  if (reason !== undefined) return void process.stdout.write(printable(`${folder}: ${state}\n${reason}\n`));
  const head = started ? `${oneLine(started.name)}: ${started.method.label} on ${started.dataset.name}, seed ${started.seed}, ${started.backend.id}` : 'Nothing was trained yet.';
  const unread = notUnderstood(run);
  process.stdout.write(printable(`${head}\n${folder}: ${stateText(state, elsewhere)}${unread ? `\n${unread}` : ''}${run.ended?.error ? `\n${run.ended.error.message}\n${run.ended.error.hint ?? ''}` : ''}\n\n${summary(run)}\n`));
}

/** The name of its config, as the run was started with it. */
function nameOf({ run, folder }: Pick<ListedRun, 'run' | 'folder'>): string {
  return run.started?.name ?? nameOfRun(folder) ?? '-';
}
