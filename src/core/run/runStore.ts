import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { runConfigSchema, type RunConfig } from '../config/config.ts';
import { UserError } from '../errors.ts';
import { runEventSchema, type RunEvent } from './events.ts';
import { readJournalFile, type JournalPart } from '../files/journalFile.ts';
import { isWrittenByOther } from '../files/freshJournal.ts';
import { parseJson, readJson, writeJson } from '../files/jsonFile.ts';
import { ownMachine, processStart } from '../files/processIdentity.ts';
import { liveProcess, readProcess, type LiveProcess, type ProcessInfo } from '../files/processFile.ts';
import { slugOf } from '../files/slug.ts';
import { emptyRun, foldEvents, isActive, stateOf, type Run, type RunState } from './run.ts';
import { storedPath, workspaceOf, workspaceOfRun } from './runPaths.ts';

/** Files of a run folder. */
export const runFiles = {
  config: 'config.yaml',
  events: 'events.jsonl',
  /** What lists need of the journal; made again where it is missing or old. */
  summary: 'summary.json',
  trainer: 'trainer.json',
  log: 'trainer.log',
  meta: 'meta.json',
  /** Weights of a finished run, without anything that only training needs. */
  model: 'model.safetensors',
  checkpoints: 'checkpoints',
  /** What the model says about every sample of a split. */
  outputs: 'outputs',
} as const;

/** So many runs are listed where a text fits several. */
const MOST_LISTED = 10;

/** What the user sets, and where the run comes from; everything else in a run folder belongs to the trainer. */
const metaSchema = z.object({
  title: z.string().optional(),
  star: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
  notes: z.string().optional(),
  /** The file the run was started from: relative to the workspace if it lies inside; `configFileOf` gives its path. */
  configFile: z.string().optional(),
  /** When the run was created (UTC). Lists are sorted by it, since the time in an id is that of a wall clock somewhere. */
  created: z.iso.datetime().optional().catch(undefined),
  /** The study that the run belongs to, and which run of its plan this is. */
  study: z.object({ id: z.string(), key: z.string() }).optional(),
});
export type RunMeta = z.infer<typeof metaSchema>;

/** A run as it is on disk now, by its folded journal or (in lists) by less. */
export interface StoredRun<Content = Run> {
  readonly folder: string;
  readonly id: string;
  readonly run: Content;
  readonly state: RunState;
  readonly meta: RunMeta;
  /** When it was created, milliseconds since 1970. */
  readonly created: number;
  /** Why the state is `unreadable`. */
  readonly reason?: string;
  /** Name of the machine that trains the run, if its trainer cannot be seen from here. */
  readonly elsewhere?: string;
}

/** The folder that holds the runs of a workspace folder or working directory. */
export function runsFolder(root: string): string {
  return join(root, '.udi', 'runs');
}

/** Where a run comes from. */
export interface RunOrigin {
  readonly study?: RunMeta['study'];
  readonly title?: string;
  readonly now?: Date;
}

/**
 * Creates `<runs>/<yyyymmdd-hhmmss>-<name>-<4 hex>/` with the complete config and the meta file, and returns its path.
 * It appears complete or not at all, wherever the process is killed. Paths in `config` must be as `storedPaths` gives them for
 * the workspace of `runs`: the run must not depend on where the workspace lies.
 */
export function createRun(runs: string, config: RunConfig, configFile?: string, { study, title, now = new Date() }: RunOrigin = {}): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const meta: RunMeta = {
    ...(configFile ? { configFile: storedPath(resolve(configFile), workspaceOf(runs)) } : {}), ...(study ? { study } : {}),
    ...(title === undefined ? {} : { title }), created: now.toISOString(),
  };
  mkdirSync(runs, { recursive: true });
  for (;;) {
    const hex = Math.floor(Math.random() * 0x10000).toString(16).padStart(4, '0');
    const id = `${date}-${time}-${slugOf(config.name, 'run')}-${hex}`;
    const folder = join(runs, id);
    const unfinished = join(runs, `.new-${id}-${ownMachine()}-${process.pid}`);
    if (existsSync(folder)) continue;
    try {
      mkdirSync(join(unfinished, runFiles.checkpoints), { recursive: true });
      writeFileSync(join(unfinished, runFiles.config), stringify(config));
      writeMeta(unfinished, meta);
      renameSync(unfinished, folder);
      return folder;
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      // Another process has just taken the same name.
      if (!existsSync(folder)) throw error;
    }
  }
}

/** Removes what a `createRun` that was killed has left, if its process was one of this machine. */
export function removeUnfinishedRuns(runs: string): void {
  for (const name of existsSync(runs) ? readdirSync(runs) : []) {
    const [, machine, pid] = /^\.new-.+-([0-9a-f]{8})-(\d+)$/.exec(name) ?? [];
    if (machine === ownMachine() && processStart(Number(pid)) === undefined) rmSync(join(runs, name), { recursive: true, force: true });
  }
}

/**
 * Creates a run beside the one in `folder` that is the same once more: with its stored config (not with what its file says now), its
 * title, and its place in a study. Returns its path.
 * @throws UserError if the stored config is missing or damaged
 */
export function createRunAgain(folder: string): string {
  const meta = readMeta(folder);
  return createRun(dirname(folder), readRunConfig(folder), configFileOf(folder, meta), { study: meta.study, title: meta.title });
}

/**
 * Paths of all run folders, in no order. A run is a folder, or a link to one, that has a config and whose name does not begin with
 * a dot; a link to another run of the same folder is only a second name of that.
 */
export function runFolders(runs: string): string[] {
  if (!existsSync(runs)) return [];
  return readdirSync(runs, { withFileTypes: true })
    .filter((entry) => !entry.name.startsWith('.') && (entry.isDirectory() || (entry.isSymbolicLink() && leadsElsewhere(runs, entry.name))))
    .map((entry) => join(runs, entry.name))
    .filter(hasConfig);
}

/** Paths of all run folders, newest first. */
export function listRuns(runs: string): string[] {
  return runFolders(runs)
    .map((folder) => ({ folder, id: basename(folder), created: createdAt(folder) }))
    .sort(newestFirst)
    .map(({ folder }) => folder);
}

/** Order of lists of runs: by the moment at which they were created, and by id where that is the same. */
export function newestFirst(a: { readonly created: number; readonly id: string }, b: { readonly created: number; readonly id: string }): number {
  return b.created - a.created || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}

/**
 * When a run was created, milliseconds since 1970: by its meta file, else its first event (`firstTime`, if it is known), else the
 * local time in its id, else its config file.
 */
export function createdAt(folder: string, meta = readMeta(folder), firstTime?: number): number {
  if (meta.created !== undefined) return Date.parse(meta.created);
  return firstTime ?? firstEventTime(folder) ?? timeInId(basename(folder)) ?? statSync(join(folder, runFiles.config), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Finds the run that `text` names: a folder, an id, the beginning or end of one, a title or name, or `latest`. */
export function findRun(runs: string, text: string): string {
  if (existsSync(join(text, runFiles.config))) return resolve(text);
  const all = listRuns(runs);
  if (text === 'latest' && all[0] !== undefined) return all[0];
  const named = join(runs, text);
  if (text !== '' && dirname(named) === join(runs) && existsSync(join(named, runFiles.config))) return named;
  const byId = all.filter((folder) => basename(folder).startsWith(text) || basename(folder).endsWith(text));
  const found = byId.length > 0 ? byId : all.filter((folder) => [readMeta(folder).title, nameOfRun(folder)].includes(text));
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new UserError(`There is no run "${text}" in ${runs}.`, 'List them with: udi runs');
  const listed = found.slice(0, MOST_LISTED).map((each) => basename(each)).join(', ');
  throw new UserError(`"${text}" fits ${found.length} runs: ${listed}${found.length > MOST_LISTED ? ', …' : ''}.`, 'Name one of them in full.');
}

/** The file that a run was started from, wherever the workspace lies now; undefined if that is not known. */
export function configFileOf(folder: string, { configFile }: RunMeta): string | undefined {
  return configFile === undefined ? undefined : resolve(workspaceOfRun(folder), configFile);
}

/** Reads a run's journal from byte `from` on. A torn last line (no line end yet) is left for the next call. */
export function readJournal(folder: string, from = 0): JournalPart<RunEvent> {
  return readJournalFile(join(folder, runFiles.events), runEventSchema, from);
}

/** The recorded trainer process, whether or not it still runs. */
export function readTrainerInfo(folder: string): ProcessInfo | undefined {
  return readProcess(join(folder, runFiles.trainer));
}

/** The trainer of this run if its process is alive. */
export function liveTrainer(folder: string): LiveProcess | undefined {
  return liveProcess(join(folder, runFiles.trainer));
}

/** Whether another program than our trainer is writing this run: one that leaves no trainer file. */
export function isWrittenNow(folder: string): boolean {
  return isWrittenByOther(join(folder, runFiles.events), join(folder, runFiles.trainer));
}

/** Reads a run and derives its state. */
export function loadRun(folder: string): StoredRun {
  return withState(folder, foldEvents(readJournal(folder).events, emptyRun));
}

/** A run with what its folder says beside its journal. `run` is what the journal says, or as much of it as is known. */
export function withState<Content extends Pick<Run, 'ended' | 'paused' | 'firstTime'>>(folder: string, run: Content): StoredRun<Content> {
  const meta = readMeta(folder);
  // What has ended by its own word needs no asking.
  const trainer = run.ended ? undefined : liveTrainer(folder);
  const state = stateOf(run, trainer !== undefined || (!run.ended && isWrittenNow(folder)));
  const elsewhere = isActive(state) ? trainer?.elsewhere : undefined;
  return { folder, id: basename(folder), run, state, meta, created: createdAt(folder, meta, run.firstTime), ...(elsewhere === undefined ? {} : { elsewhere }) };
}

/** The complete config of a run, as it was checked when the run was created. */
export function readRunConfig(folder: string): RunConfig {
  const file = join(folder, runFiles.config);
  if (!existsSync(file)) throw new UserError(`${folder} is not a run: it has no ${runFiles.config}.`);
  const parsed = runConfigSchema.safeParse(parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new UserError(`${file} is damaged: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`);
}

/** The name in a run's config; undefined if it cannot be read. */
export function nameOfRun(folder: string): string | undefined {
  try {
    return readRunConfig(folder).name;
  } catch {
    return undefined;
  }
}

/** Replaces the config of a run in one step; its paths as `storedPaths` gives them. */
export function writeRunConfig(folder: string, config: RunConfig): void {
  const file = join(folder, runFiles.config);
  writeFileSync(`${file}.tmp`, stringify(config), { flush: true });
  renameSync(`${file}.tmp`, file);
}

/** What the user set on this run; empty if nothing, or if the file is damaged. */
export function readMeta(folder: string): RunMeta {
  return readJson(join(folder, runFiles.meta), metaSchema) ?? {};
}

/** Replaces the meta file in one step. */
export function writeMeta(folder: string, meta: RunMeta): void {
  writeJson(join(folder, runFiles.meta), meta);
}

/** Whether a link in a folder of runs leads to something outside it. */
function leadsElsewhere(runs: string, name: string): boolean {
  try {
    const target = realpathSync(join(runs, name));
    return dirname(target) !== realpathSync(runs) && statSync(target).isDirectory();
  } catch {
    return false;
  }
}

/** A folder that may not be looked into counts: it must not vanish from lists without a word. */
function hasConfig(folder: string): boolean {
  try {
    return statSync(join(folder, runFiles.config), { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** Time of the first line of a journal; undefined if there is none, or it cannot be read. */
function firstEventTime(folder: string): number | undefined {
  const line = Buffer.alloc(65536);
  try {
    const handle = openSync(join(folder, runFiles.events), 'r');
    try {
      const text = line.toString('utf8', 0, readSync(handle, line));
      return parseJson(text.slice(0, text.indexOf('\n')), z.object({ time: z.number() }))?.time;
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}

/** `20260131-120000-…` read as local time. */
function timeInId(id: string): number | undefined {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-/.exec(id) ?? [];
  if (year === undefined) return undefined;
  const time = new Date(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)).getTime();
  return Number.isNaN(time) ? undefined : time;
}
