import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Catalog } from '../../core/config/catalog.ts';
import { UserError } from '../../core/errors.ts';
import { toJson } from '../../core/files/jsonNumbers.ts';
import { oneLine, printable } from '../../core/printable.ts';
import type { TableFormat } from '../../core/run/exportTable.ts';
import { stateText } from '../../core/run/run.ts';
import type { StoredRun } from '../../core/run/runStore.ts';
import { hasDiverged, reasonOf, standingOf, standingText } from '../../core/study/standing.ts';
import type { StudyEndState, StudyState } from '../../core/study/studyEvents.ts';
import { exportStudyTable } from '../../core/study/studyExport.ts';
import type { StudyPlan } from '../../core/study/studyPlan.ts';
import { findStudy, listedStudyRuns, loadStudy, readOrigin, studiesBeside, studyFiles, studyFolder, studyRuns, type StoredStudy } from '../../core/study/studyStore.ts';
import { studyTables } from '../../core/study/studyTables.ts';
import { createCatalog } from '../catalog.ts';
import { planStudy, prepareStudy } from '../study/prepareStudy.ts';
import { runSupervisor } from '../study/supervisor.ts';
import { commandName, here } from './commandName.ts';
import { printEnding } from './ending.ts';
import { handleInterrupts } from './interrupts.ts';
import { jsonStudyReporter, TextStudyReporter } from './studyReporter.ts';
import { studyTableText } from './studyTable.ts';
import { columns, headlineText } from './summary.ts';

/** Formats of `udi study table`. */
export const textFormats = ['text', 'csv', 'markdown', 'latex'] as const satisfies readonly ('text' | TableFormat)[];
type TextFormat = (typeof textFormats)[number];

/** Options that the commands which run studies share. `trainer` is the path of this program. */
export interface StudyRunOptions {
  readonly trainer: string;
  readonly device?: string;
  readonly parallel?: number;
  readonly keys?: readonly string[];
  readonly json?: boolean;
}

/** A study as its file asks for it now, or as it was run last, with the runs that it has. */
interface OpenedStudy<Content> {
  readonly id: string;
  readonly plan: StudyPlan;
  readonly state: StudyState;
  readonly elsewhere: string | undefined;
  readonly runs: ReadonlyMap<string, StoredRun<Content>>;
}

/** `udi study run <file>`: runs what is missing or failed, here in the foreground; `text` may also be a study's id. Returns the exit code. */
export async function studyRunCommand(text: string, runs: string, options: StudyRunOptions): Promise<number> {
  const known = findStudy(studiesBeside(runs), text);
  return studyOnTerminal(prepareStudy(known ? loadStudy(known).origin.file : text, runs), options);
}

/** Supervises the study in `folder` with output for a person or, with `json`, for a program. Returns the exit code. */
export async function studyOnTerminal(folder: string, options: StudyRunOptions): Promise<number> {
  const stored = loadStudy(folder);
  const signals = handleInterrupts(options.json ?? false);
  const reporter = options.json ? jsonStudyReporter() : new TextStudyReporter(stored);
  let state: StudyEndState;
  try {
    state = await runSupervisor(folder, { ...options, onControl: signals.onControl, onEvent: (event) => reporter.onEvent(event) });
  } finally {
    reporter.close();
    signals.remove();
  }
  const { study } = loadStudy(folder);
  const file = here(stored.origin.file);
  const next = { finished: `See its tables: ${commandName()} study table ${file}`, unfinished: `Go on with: ${commandName()} study run ${file}` };
  return printEnding({ what: 'Study', folder, state, error: study.ended?.error, next, interrupted: signals.interrupted() }, options.json ?? false);
}

/** `study-prepare <file>`: what the extension asks before it starts a supervisor. Prints the study's folder as JSON. */
export function studyPrepareCommand(file: string, runs: string): void {
  const folder = prepareStudy(file, runs);
  process.stdout.write(`${JSON.stringify({ folder, id: basename(folder) })}\n`);
}

/** `udi study status <file>`: every run of the study with its state, epochs and score. */
export function studyStatusCommand(text: string, runs: string, json: boolean): void {
  const { id, plan, state, elsewhere, runs: stored } = openStudy(text, runs, listedStudyRuns);
  const rows = plan.runs.map(({ key, label }) => {
    const found = stored.get(key);
    const reason = found && (found.reason ?? reasonOf(found));
    return {
      key, label, state: found ? standingOf(found) : 'missing', host: found?.elsewhere, run: found?.id, progress: found?.run.epochs, found,
      error: found?.run.ended?.error, diverged: found !== undefined && hasDiverged(found), reason,
    };
  });
  if (json) {
    const list = rows.map(({ progress, found, ...row }) => ({ ...row, epochs: progress?.done, plannedEpochs: progress?.planned, headline: found?.run.headline }));
    process.stdout.write(`${toJson({ id, name: plan.name, state, runs: list }, 2)}\n`);
    return;
  }
  const lines = rows.map(({ label, state: runState, host, progress, found, run }) => [
    label, stateText(runState, host), progress && progress.planned > 0 ? `${progress.done}/${progress.planned}` : '-',
    headlineText(found?.run.headline), run ?? '-',
  ]);
  const failures = rows.filter((row) => row.state !== 'finished' && row.reason !== undefined).map(({ label, reason }) => `${label}: ${reason!}`);
  const notes = [...failures, ...(plan.notes ?? [])];
  process.stdout.write(printable(`Study ${oneLine(plan.name)}: ${stateText(state, elsewhere)}, ${standingText(rows.length, [...stored.values()])}\n\n`
    + `${columns([['run', 'state', 'epochs', 'score', 'folder'], ...lines])}\n${notes.length > 0 ? `\n${notes.join('\n')}\n` : ''}`));
}

/** `udi study table <file>`: the tables of results, or one of them, as text or in a format to paste elsewhere. */
export function studyTableCommand(text: string, runs: string, { table: only, format }: { table?: string; format: TextFormat }): void {
  const { plan, runs: stored } = openStudy(text, runs, studyRuns);
  const tables = studyTables(plan, stored, createCatalog()).filter(({ id }) => only === undefined || id === only);
  if (tables.length === 0) {
    throw new UserError(`The study "${plan.name}" has no table "${only ?? ''}".`, `It has: ${plan.tables.map(({ id }) => id).join(', ')}.`);
  }
  process.stdout.write(printable(tables.map((table) => (format === 'text' ? studyTableText(table) : exportStudyTable(table, format))).join('\n')));
}

/** The study that `text` names: a file (with what it says now, started or not), or the id of one that was started. */
function openStudy<Content>(
  text: string, runs: string, find: (study: Pick<StoredStudy, 'plan' | 'origin' | 'id'>, catalog: Catalog) => Map<string, StoredRun<Content>>,
): OpenedStudy<Content> {
  const catalog = createCatalog();
  const known = findStudy(studiesBeside(runs), text);
  if (known) {
    const stored = loadStudy(known);
    return { id: stored.id, plan: stored.plan, state: stored.state, elsewhere: stored.elsewhere, runs: find(stored, catalog) };
  }
  const plan = planStudy(text, runs);
  const folder = studyFolder(studiesBeside(runs), plan.name, text);
  const id = basename(folder);
  const { state, elsewhere } = existsSync(join(folder, studyFiles.plan)) ? loadStudy(folder) : { state: 'new' as const, elsewhere: undefined };
  return { id, plan, state, elsewhere, runs: find({ id, plan, origin: { file: resolve(text), runs: readOrigin(folder)?.runs ?? resolve(runs) } }, catalog) };
}
