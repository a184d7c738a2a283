import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import type { Catalog } from '../config/catalog.ts';
import type { RunConfig } from '../config/config.ts';
import { UserError } from '../errors.ts';
import { readJournalFile, type JournalPart } from '../files/journalFile.ts';
import { readJson, writeJson } from '../files/jsonFile.ts';
import { liveProcess, ownedError, readProcess, type LiveProcess, type ProcessInfo } from '../files/processFile.ts';
import { distinctSlug, hashedSlug } from '../files/slug.ts';
import { listedRun, type ListedRun } from '../run/listedRun.ts';
import { newestFirst, readMeta, readRunConfig, runFolders, type StoredRun } from '../run/runStore.ts';
import { tryLoadRun } from '../run/unreadable.ts';
import { standingOf, type Standing } from './standing.ts';
import { recognition } from './recognition.ts';
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
const originSchema = z.object({
  file: z.string(),
  runs: z.string(),
  /** The study's name, by which it is found again; studies of older versions have it in their plan alone. */
  name: z.string().optional(),
});

/** The same with absolute paths. */
export interface StudyOrigin {
  /** The `*.udi-study.yaml` file. */
  readonly file: string;
  /** The folder that holds the study's runs, among others. */
  readonly runs: string;
  readonly name?: string | undefined;
}

/** A study as it is on disk now. */
export interface StoredStudy {
  readonly folder: string;
  readonly id: string;
  readonly plan: StudyPlan;
  readonly origin: StudyOrigin;
  readonly study: Study;
  readonly state: StudyState;
  /** Name of the machine that runs the study, if its supervisor cannot be seen from here. */
  readonly elsewhere?: string;
}

/** The folder that holds the studies of a workspace folder or working directory. */
export function studiesFolder(root: string): string {
  return join(root, '.udi', 'studies');
}

/**
 * The folder of the study with this name: the one that is there, whatever its id is, else where it would be created. `file` is
 * the study's file.
 */
export function studyFolder(studies: string, name: string, file: string): string {
  const known = listStudies(studies);
  const same = (other: string | undefined): boolean => other?.normalize('NFC') === name.normalize('NFC');
  const named = known.find((folder) => same(nameOfStudy(folder)));
  if (named !== undefined) return named;
  // Once every name was cut down to an id; such a study stays the same when its file now writes the name in another way.
  const former = known.find((folder) => basename(folder) === asciiSlug(name) && readOrigin(folder)?.name === undefined && readOrigin(folder)?.file === resolve(file));
  if (former !== undefined) return former;
  const id = distinctSlug(name, 'study');
  const taken = known.some((folder) => basename(folder) === id && nameOfStudy(folder) !== undefined);
  return join(studies, taken ? hashedSlug(name, 'study') : id);
}

/** Paths of all study folders (or links to them), by id. */
export function listStudies(studies: string): string[] {
  if (!existsSync(studies)) return [];
  return readdirSync(studies)
    .filter((name) => !name.startsWith('.'))
    .map((name) => join(studies, name))
    .filter((folder) => statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    .sort();
}

/**
 * Creates the study's folder below `studies`, or takes up the one that is there with what the file says now, and returns its path.
 * @throws UserError if a study of the same name was made from another file that still exists, or is being run
 */
export function writeStudy(studies: string, plan: StudyPlan, origin: StudyOrigin): string {
  const folder = studyFolder(studies, plan.name, origin.file);
  const before = readOrigin(folder);
  if (before && resolve(before.file) !== resolve(origin.file) && existsSync(before.file)) {
    throw new UserError(`There is a study "${plan.name}" already, from ${before.file}; this one is from ${origin.file}.`, 'Give one of them another name (name: ...).');
  }
  const supervisor = liveSupervisor(folder);
  if (supervisor) throw supervisedError(folder, supervisor);
  mkdirSync(folder, { recursive: true });
  writeJson(join(folder, studyFiles.origin), { file: relative(folder, origin.file), runs: relative(folder, origin.runs), name: plan.name });
  writeJson(join(folder, studyFiles.plan), plan);
  return folder;
}

/** What is said when a second supervisor is not let in. */
export function supervisedError(folder: string, supervisor: LiveProcess | undefined): UserError {
  return ownedError(`The study "${basename(folder)}" is being run`, supervisor, 'Wait until it ends, or stop it first.');
}

/** The plan of the study; undefined if it is missing or damaged. */
export function readPlan(folder: string): StudyPlan | undefined {
  return readJson(join(folder, studyFiles.plan), studyPlanSchema);
}

/** Where the study comes from; undefined if its file is missing or damaged. */
export function readOrigin(folder: string): StudyOrigin | undefined {
  const origin = readJson(join(folder, studyFiles.origin), originSchema);
  return origin && { ...origin, file: resolve(folder, origin.file), runs: resolve(folder, origin.runs) };
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
export function liveSupervisor(folder: string): LiveProcess | undefined {
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
  const supervisor = liveSupervisor(folder);
  const state = studyStateOf(study, supervisor !== undefined);
  const elsewhere = state === 'running' ? supervisor?.elsewhere : undefined;
  return { folder, id: basename(folder), plan, origin, study, state, ...(elsewhere === undefined ? {} : { elsewhere }) };
}

/**
 * The runs of a study, by key, in the order of the plan. Where several folders belong to one key (a failed run was tried
 * again), the better one by `isBetterRun` counts.
 */
export function studyRuns(study: StudyOfRuns, catalog: Catalog): Map<string, StoredRun> {
  return runsByKey(study, catalog, tryLoadRun);
}

/** The same by the summaries of the runs, which is all that lists need. */
export function listedStudyRuns(study: StudyOfRuns, catalog: Catalog): Map<string, ListedRun> {
  return runsByKey(study, catalog, listedRun);
}

/** What says which runs belong to a study. */
type StudyOfRuns = Pick<StoredStudy, 'plan' | 'origin' | 'id'>;
type Found = Standing['run'] & { readonly started?: { readonly version: string } | undefined };

function runsByKey<Content extends Found>({ plan, origin, id }: StudyOfRuns, catalog: Catalog, load: (folder: string) => StoredRun<Content>): Map<string, StoredRun<Content>> {
  const recognise = recognition(plan, origin, catalog);
  const found = new Map<string, StoredRun<Content>>();
  for (const folder of runFolders(origin.runs)) {
    if (readMeta(folder).study?.id !== id) continue;
    const run = load(folder);
    const key = recognise({ meta: run.meta, version: run.run.started?.version, config: () => configOf(folder) });
    if (key === undefined) continue;
    const other = found.get(key);
    if (!other || isBetterRun(run, other)) found.set(key, run);
  }
  const planned = plan.runs.map(({ key }) => [key, found.get(key)] as const);
  return new Map(planned.filter((entry): entry is readonly [string, StoredRun<Content>] => entry[1] !== undefined));
}

type Judged = Pick<StoredRun, 'id' | 'state' | 'created'> & Standing;

/** Whether `run` rather than `other` stands for their key: a run that is done before any other, then the newer one. */
export function isBetterRun(run: Judged, other: Judged): boolean {
  const finished = standingOf(run) === 'finished';
  return finished === (standingOf(other) === 'finished') ? newestFirst(run, other) < 0 : finished;
}

/** Finds the folder of the study that `text` names: an id, or the path of a study folder. */
export function findStudy(studies: string, text: string): string | undefined {
  return [join(studies, text), resolve(text)].find((folder) => existsSync(join(folder, studyFiles.plan)));
}

/** The folder of the studies that belong to a folder of runs: beside it, as in `.udi/runs` and `.udi/studies`. */
export function studiesBeside(runs: string): string {
  return join(dirname(resolve(runs)), 'studies');
}

function nameOfStudy(folder: string): string | undefined {
  return readOrigin(folder)?.name ?? readPlan(folder)?.name;
}

/** The id that older versions made of a name. */
function asciiSlug(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40).replace(/-+$/, '') || 'study';
}

function configOf(folder: string): RunConfig | undefined {
  try {
    return readRunConfig(folder);
  } catch {
    return undefined;
  }
}
