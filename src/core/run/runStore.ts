import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Catalog } from '../config/catalog.ts';
import { runConfigSchema, type RunConfig } from '../config/config.ts';
import { UserError } from '../errors.ts';
import { runEventSchema, type RunEvent } from './events.ts';
import { readJournalFile, type JournalPart } from '../files/journalFile.ts';
import { readJson, writeJson } from '../files/jsonFile.ts';
import { liveProcess, readProcess, type ProcessInfo } from '../files/processFile.ts';
import { emptyRun, foldEvents, stateOf, type Run, type RunState } from './run.ts';

/** Files of a run folder. */
export const runFiles = {
  config: 'config.yaml',
  events: 'events.jsonl',
  trainer: 'trainer.json',
  log: 'trainer.log',
  meta: 'meta.json',
  /** Weights of a finished run, without anything that only training needs. */
  model: 'model.safetensors',
  checkpoints: 'checkpoints',
} as const;

/** What the user sets, and where the run comes from; everything else in a run folder belongs to the trainer. */
const metaSchema = z.object({
  title: z.string().optional(),
  star: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
  notes: z.string().optional(),
  /** The file the run was started from. */
  configFile: z.string().optional(),
  /** The study that the run belongs to, and which run of its plan this is. */
  study: z.object({ id: z.string(), key: z.string() }).optional(),
});
export type RunMeta = z.infer<typeof metaSchema>;

/** A run as it is on disk now. */
export interface StoredRun {
  readonly folder: string;
  readonly id: string;
  readonly run: Run;
  readonly state: RunState;
  readonly meta: RunMeta;
}

/** The folder that holds the runs of a workspace folder or working directory. */
export function runsFolder(root: string): string {
  return join(root, '.udi', 'runs');
}

/** Where a run comes from. */
export interface RunOrigin {
  readonly study?: RunMeta['study'];
  readonly now?: Date;
}

/**
 * Creates `<runs>/<yyyymmdd-hhmmss>-<name>-<4 hex>/` with the complete config and the meta file, and returns its path.
 * It appears complete or not at all, wherever the process is killed. Paths in `config` must be absolute already: the run
 * must not depend on where it is read from.
 */
export function createRun(runs: string, config: RunConfig, configFile?: string, { study, now = new Date() }: RunOrigin = {}): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const meta: RunMeta = { ...(configFile ? { configFile } : {}), ...(study ? { study } : {}) };
  for (;;) {
    const hex = Math.floor(Math.random() * 0x10000).toString(16).padStart(4, '0');
    const id = `${date}-${time}-${slugOf(config.name, 'run')}-${hex}`;
    const folder = join(runs, id);
    const unfinished = join(runs, `.new-${id}-${process.pid}`);
    if (existsSync(folder)) continue;
    mkdirSync(join(unfinished, runFiles.checkpoints), { recursive: true });
    writeFileSync(join(unfinished, runFiles.config), stringify(config));
    writeMeta(unfinished, meta);
    try {
      renameSync(unfinished, folder);
      return folder;
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      // Another process has just taken the same name.
      if (!existsSync(folder)) throw error;
    }
  }
}

/** A name as part of a file name: small letters, digits and dashes; `otherwise` if nothing of it is left. */
export function slugOf(name: string, otherwise: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40).replace(/-+$/, '') || otherwise;
}

/** The same config with every path of its dataset made absolute, starting from the folder of the config file. */
export function resolvePaths(config: RunConfig, catalog: Catalog, folder: string): RunConfig {
  const settings = catalog.datasets.find((dataset) => dataset.id === config.dataset.name)?.settings ?? {};
  const paths = Object.entries(config.dataset)
    .filter(([key, value]) => settings[key]?.type === 'path' && typeof value === 'string')
    .map(([key, value]) => [key, resolve(folder, value as string)]);
  return { ...config, dataset: { ...config.dataset, ...Object.fromEntries(paths) } };
}

/** Paths of all run folders, newest first. */
export function listRuns(runs: string): string[] {
  if (!existsSync(runs)) return [];
  return readdirSync(runs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^\d{8}-\d{6}-/.test(entry.name))
    .map((entry) => join(runs, entry.name))
    .sort()
    .reverse();
}

/** Finds the run that `text` names: a folder, an id, the beginning or end of one, or `latest`. */
export function findRun(runs: string, text: string): string {
  if (existsSync(join(text, runFiles.config))) return text;
  const all = listRuns(runs);
  const found = text === 'latest' ? all.slice(0, 1) : all.filter((folder) => {
    const id = basename(folder);
    return id === text || id.startsWith(text) || id.endsWith(text);
  });
  if (found.length === 1) return found[0]!;
  if (found.length === 0) throw new UserError(`There is no run "${text}" in ${runs}.`, 'List them with: udi runs');
  throw new UserError(`"${text}" fits ${found.length} runs: ${found.map((each) => basename(each)).join(', ')}.`, 'Name one of them in full.');
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
export function liveTrainer(folder: string): ProcessInfo | undefined {
  return liveProcess(join(folder, runFiles.trainer));
}

/** Reads a run and derives its state. */
export function loadRun(folder: string): StoredRun {
  const run = foldEvents(readJournal(folder).events, emptyRun);
  return { folder, id: basename(folder), run, state: stateOf(run, liveTrainer(folder) !== undefined), meta: readMeta(folder) };
}

/** The complete config of a run, as it was checked when the run was created. */
export function readRunConfig(folder: string): RunConfig {
  const file = join(folder, runFiles.config);
  if (!existsSync(file)) throw new UserError(`${folder} is not a run: it has no ${runFiles.config}.`);
  const parsed = runConfigSchema.safeParse(parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new UserError(`${file} is damaged: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`);
}

/** What the user set on this run; empty if nothing, or if the file is damaged. */
export function readMeta(folder: string): RunMeta {
  return readJson(join(folder, runFiles.meta), metaSchema) ?? {};
}

/** Replaces the meta file in one step. */
export function writeMeta(folder: string, meta: RunMeta): void {
  writeJson(join(folder, runFiles.meta), meta);
}
