import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { readJournalFile, type JournalPart } from '../files/journalFile.ts';
import { readJson, writeJson } from '../files/jsonFile.ts';
import { liveProcess, readProcess, type ProcessInfo } from '../files/processFile.ts';
import type { RunState } from '../run/run.ts';
import { listRuns, loadRun, readMeta, slugOf, type StoredRun } from '../run/runStore.ts';
import { applyStudyEvent, emptyStudy, studyEventSchema, studyStateOf, type Study, type StudyEvent, type StudyState } from './studyEvents.ts';
import { studyPlanSchema, type StudyPlan } from './studyPlan.ts';

/** Files of a study's folder, `.udi/studies/<id>/`. */
export const studyFiles = {
  plan: 'plan.json',
  origin: 'origin.json',
  events: 'events.jsonl',
  supervisor: 'supervisor.json',
  log: 'supervisor.log',
} as const;

/** Where a study comes from and where its runs are; paths relative to the folder of the study, so that both can be moved. */
const originSchema = z.object({ file: z.string(), runs: z.string() });

/** The same with absolute paths. */
export interface StudyOrigin {
  /** The `*.udi-study.yaml` file. */
  readonly file: string;
  /** The folder that holds the study's runs, among others. */
  readonly runs: string;
}

/** A study as it is on disk now. */
export interface StoredStudy {
  readonly folder: string;
  readonly id: string;
  readonly plan: StudyPlan;
  readonly origin: StudyOrigin;
  readonly study: Study;
  readonly state: StudyState;
}

/** The folder that holds the studies of a workspace folder or working directory. */
export function studiesFolder(root: string): string {
  return join(root, '.udi', 'studies');
}

/** Id of the study with this name: the name of its folder. */
export function studyId(name: string): string {
  return slugOf(name, 'study');
}

/** Paths of all study folders, by id. */
export function listStudies(studies: string): string[] {
  if (!existsSync(studies)) return [];
  return readdirSync(studies, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => join(studies, entry.name))
    .sort();
}

/**
 * Creates the study's folder below `studies`, or takes up the one that is there with what the file says now, and returns its path.
 * @throws UserError if a study of the same id was made from another file that still exists, or is being run
 */
export function writeStudy(studies: string, plan: StudyPlan, origin: StudyOrigin): string {
  const folder = join(studies, studyId(plan.name));
  const before = readOrigin(folder);
  if (before && resolve(before.file) !== resolve(origin.file) && existsSync(before.file)) {
    throw new UserError(`The study "${basename(folder)}" comes from ${before.file}, not from ${origin.file}.`, 'Give one of them another name (name: ...).');
  }
  const supervisor = liveSupervisor(folder);
  if (supervisor) throw supervisedError(folder, supervisor);
  mkdirSync(folder, { recursive: true });
  writeJson(join(folder, studyFiles.origin), { file: relative(folder, origin.file), runs: relative(folder, origin.runs) });
  writeJson(join(folder, studyFiles.plan), plan);
  return folder;
}

/** What is said when a second supervisor is not let in. */
export function supervisedError(folder: string, supervisor: ProcessInfo): UserError {
  return new UserError(`The study "${basename(folder)}" is being run by process ${supervisor.pid}.`, 'Wait until it ends, or stop it first.');
}

/** The plan of the study; undefined if it is missing or damaged. */
export function readPlan(folder: string): StudyPlan | undefined {
  return readJson(join(folder, studyFiles.plan), studyPlanSchema);
}

/** Where the study comes from; undefined if its file is missing or damaged. */
export function readOrigin(folder: string): StudyOrigin | undefined {
  const origin = readJson(join(folder, studyFiles.origin), originSchema);
  return origin && { file: resolve(folder, origin.file), runs: resolve(folder, origin.runs) };
}

/** Reads a study's journal from byte `from` on. A torn last line (no line end yet) is left for the next call. */
export function readStudyJournal(folder: string, from = 0): JournalPart<StudyEvent> {
  return readJournalFile(join(folder, studyFiles.events), studyEventSchema, from);
}

/** The recorded supervisor process, whether or not it still runs. */
export function readSupervisorInfo(folder: string): ProcessInfo | undefined {
  return readProcess(join(folder, studyFiles.supervisor));
}

/** The supervisor of this study if its process is alive. */
export function liveSupervisor(folder: string): ProcessInfo | undefined {
  return liveProcess(join(folder, studyFiles.supervisor));
}

/**
 * Reads a study and derives its state.
 * @throws UserError if the folder is no study, or its plan is damaged
 */
export function loadStudy(folder: string): StoredStudy {
  const plan = readPlan(folder);
  const origin = readOrigin(folder);
  if (!plan || !origin) throw new UserError(`There is no study in ${folder}, or its ${studyFiles.plan} is damaged.`, 'Start it from its file: udi study run <file>');
  const study = readStudyJournal(folder).events.reduce(applyStudyEvent, emptyStudy);
  return { folder, id: basename(folder), plan, origin, study, state: studyStateOf(study, liveSupervisor(folder) !== undefined) };
}

/**
 * The runs of a study, by key, in the order of the plan. Where several folders belong to one key (a failed run was tried
 * again), the better one by `isBetterRun` counts.
 */
export function studyRuns(plan: StudyPlan, runs: string, id: string): Map<string, StoredRun> {
  const found = new Map<string, StoredRun>();
  for (const folder of listRuns(runs)) {
    const { study } = readMeta(folder);
    if (study?.id !== id) continue;
    const run = loadRun(folder);
    const other = found.get(study.key);
    if (!other || isBetterRun(run, other)) found.set(study.key, run);
  }
  const planned = plan.runs.map(({ key }) => [key, found.get(key)] as const);
  return new Map(planned.filter((entry): entry is readonly [string, StoredRun] => entry[1] !== undefined));
}

/** Whether `run` rather than `other` stands for their key: a finished run before any other, then the newer one. */
export function isBetterRun(run: { readonly id: string; readonly state: RunState }, other: { readonly id: string; readonly state: RunState }): boolean {
  const finished = run.state === 'finished';
  return finished === (other.state === 'finished') ? run.id > other.id : finished;
}

/** Finds the folder of the study that `text` names: an id, or the path of a study folder. */
export function findStudy(studies: string, text: string): string | undefined {
  return [join(studies, text), resolve(text)].find((folder) => existsSync(join(folder, studyFiles.plan)));
}

/** The folder of the studies that belong to a folder of runs: beside it, as in `.udi/runs` and `.udi/studies`. */
export function studiesBeside(runs: string): string {
  return join(dirname(resolve(runs)), 'studies');
}
