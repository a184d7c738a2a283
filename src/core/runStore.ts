import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { Catalog } from './catalog.ts';
import { runConfigSchema, type RunConfig } from './config.ts';
import { UserError } from './errors.ts';
import { runEventSchema, type RunEvent } from './events.ts';
import { isSameProcess } from './processIdentity.ts';
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

/** The process that trains or trained a run; written by the trainer when it starts. */
const trainerInfoSchema = z.object({
  pid: z.int(),
  /** Start of the process as `processStart` gives it. */
  start: z.string(),
  /** Path of the local socket or named pipe. */
  socket: z.string(),
  node: z.string(),
});
export type TrainerInfo = z.infer<typeof trainerInfoSchema>;

/** What the user sets; everything else in a run folder belongs to the trainer. */
const metaSchema = z.object({
  title: z.string().optional(),
  star: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
  notes: z.string().optional(),
  /** The file the run was started from. */
  configFile: z.string().optional(),
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

/**
 * Creates `<runs>/<yyyymmdd-hhmmss>-<name>-<4 hex>/` with the complete config and the meta file, and returns its path.
 * Paths in `config` must be absolute already: the run must not depend on where it is read from.
 */
export function createRun(runs: string, config: RunConfig, configFile?: string, now = new Date()): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const date = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const time = `${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  const slug = config.name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40) || 'run';
  mkdirSync(runs, { recursive: true });
  for (;;) {
    const hex = Math.floor(Math.random() * 0x10000).toString(16).padStart(4, '0');
    const folder = join(runs, `${date}-${time}-${slug}-${hex}`);
    if (existsSync(folder)) continue;
    mkdirSync(join(folder, runFiles.checkpoints), { recursive: true });
    writeFileSync(join(folder, runFiles.config), stringify(config));
    writeMeta(folder, configFile ? { configFile } : {});
    return folder;
  }
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

/** Events read from a journal, and how many of its bytes are whole lines. */
export interface JournalPart {
  readonly events: readonly RunEvent[];
  readonly validBytes: number;
  /** Whole lines that are no events; a journal that nobody has edited has none, wherever its writer was killed. */
  readonly damagedLines: number;
}

/** Reads the journal from byte `from` on. A torn last line (no line end yet) is left for the next call. */
export function readJournal(folder: string, from = 0): JournalPart {
  const bytes = readFrom(join(folder, runFiles.events), from);
  const end = bytes.lastIndexOf(0x0a) + 1;
  const events: RunEvent[] = [];
  let damagedLines = 0;
  for (const line of bytes.toString('utf8', 0, end).split('\n')) {
    if (line === '') continue;
    const event = parseEvent(line);
    if (event) events.push(event);
    else damagedLines++;
  }
  return { events, validBytes: from + end, damagedLines };
}

function parseEvent(line: string): RunEvent | undefined {
  try {
    return runEventSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function readFrom(file: string, from: number): Buffer {
  if (!existsSync(file)) return Buffer.alloc(0);
  if (from === 0) return readFileSync(file);
  const handle = openSync(file, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let position = from; ;) {
      const chunk = Buffer.alloc(65536);
      const length = readSync(handle, chunk, 0, chunk.length, position);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
      position += length;
    }
  } finally {
    closeSync(handle);
  }
}

/** The recorded trainer process, whether or not it still runs. */
export function readTrainerInfo(folder: string): TrainerInfo | undefined {
  return readJson(join(folder, runFiles.trainer), trainerInfoSchema);
}

/** The trainer of this run if its process is alive. */
export function liveTrainer(folder: string): TrainerInfo | undefined {
  const info = readTrainerInfo(folder);
  return info && isSameProcess(info.pid, info.start) ? info : undefined;
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
  const file = join(folder, runFiles.meta);
  writeFileSync(`${file}.tmp`, `${JSON.stringify(meta, null, 2)}\n`);
  renameSync(`${file}.tmp`, file);
}

function readJson<S extends z.ZodType>(file: string, schema: S): z.infer<S> | undefined {
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}
