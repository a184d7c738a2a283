import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { systemError, UserError } from '../../core/errors.ts';
import { expandPath, thisMachine } from '../../core/config/paths.ts';
import type { RunConfig } from '../../core/config/config.ts';
import { requireConfig } from '../../core/config/parseConfig.ts';
import { removeNeverBegun } from '../../core/run/neverBegun.ts';
import type { EndState, Run } from '../../core/run/run.ts';
import { resolvePaths, storedPaths, workspaceOf } from '../../core/run/runPaths.ts';
import { createRun, loadRun, readRunConfig, runsFolder } from '../../core/run/runStore.ts';
import type { BackendSearch } from '../backends/index.ts';
import { createCatalog } from '../catalog.ts';
import type { DataPaths } from '../run/runData.ts';
import { runTrainer } from '../run/runTrainer.ts';
import { commandName, here } from './commandName.ts';
import { comparison } from './comparison.ts';
import { exitCodes, printEnding } from './ending.ts';
import { handleInterrupts } from './interrupts.ts';
import { jsonReporter, textReporter } from './reporter.ts';
import { summary } from './summary.ts';

/** Options that `train` and `resume` share. */
export interface TrainOptions {
  readonly device?: string;
  readonly json?: boolean;
  /** Where the data of a run that goes on lie now. */
  readonly dataPaths?: DataPaths;
}

/**
 * `udi train <config> …`: checks the configs, then creates a run below the working directory for each and trains it, one after another;
 * several are compared at the end. Returns the exit code, that of the first run that did not finish.
 */
export async function trainCommand(files: readonly string[], options: TrainOptions & { set: string[]; runs?: string }, search: BackendSearch): Promise<number> {
  const runs = options.runs ? resolve(options.runs) : runsFolder(process.cwd());
  const configs = files.map((file) => ({ file: resolve(file), config: checkedConfig(file, options.set, runs) }));
  const folders: string[] = [];
  for (const { file, config } of configs) {
    const folder = createRun(runs, config, file);
    const code = await trainNew(folder, options, search);
    if (loadRun(folder).state !== 'finished') return code;
    folders.push(folder);
  }
  if (folders.length > 1 && !options.json) process.stdout.write(`\n${comparison(folders.map(loadRun))}\n`);
  return exitCodes.finished;
}

/** Trains a run that was just created. One that could not even begin is not left behind in the list. */
async function trainNew(folder: string, options: TrainOptions, search: BackendSearch): Promise<number> {
  try {
    return await trainOnTerminal(folder, options, search);
  } catch (error) {
    removeNeverBegun(folder);
    throw error;
  }
}

/** The config in a file with every default, and its paths as a run stores them. */
function checkedConfig(file: string, overrides: readonly string[], runs: string): RunConfig {
  const catalog = createCatalog();
  const folder = dirname(resolve(file));
  const name = basename(file).replace(/(\.udi)?\.(ya?ml|json)$/, '');
  const config = requireConfig(readConfig(file), catalog, file, { name, overrides, paths: { folder, machine: thisMachine } });
  return storedPaths(resolvePaths(config, catalog, folder), catalog, workspaceOf(runs));
}

/** `udi resume <run>`: goes on from the last checkpoint; `set` may say where the data lie now. Returns the exit code. */
export async function resumeCommand(folder: string, { set, ...options }: TrainOptions & { set: string[] }, search: BackendSearch): Promise<number> {
  return trainOnTerminal(folder, { ...options, ...(set.length > 0 ? { dataPaths: dataPathsOf(set, readRunConfig(folder)) } : {}) }, search);
}

/** Reads `dataset.<path setting>=<path>` texts; relative paths start in the working directory. */
function dataPathsOf(texts: readonly string[], config: RunConfig): DataPaths {
  const { settings = {} } = createCatalog().datasets.find(({ id }) => id === config.dataset.name) ?? {};
  const known = Object.keys(settings).filter((key) => settings[key]?.type === 'path').map((key) => `dataset.${key}`);
  return Object.fromEntries(texts.map((text) => {
    const [, key = text, path = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
    if (!known.includes(key) || path === '') {
      const choices = known.length > 0 ? `It can be told with ${known.map((each) => `--set ${each}=<path>`).join(', ')}.` : `The dataset ${config.dataset.name} has no paths.`;
      throw new UserError(`--set ${text}: a run goes on with the config that it was started with; only where its data lie can be another place.`, `${choices} For anything else, start a new run: udi train <config> --set ...`);
    }
    const expanded = expandPath(path, thisMachine);
    if (expanded.problem !== undefined) throw new UserError(`--set ${text}: ${expanded.problem}`);
    return [key.slice('dataset.'.length), resolve(expanded.path)];
  }));
}

/** Trains the run in `folder` with output for a person or, with `json`, for a program. Returns the exit code. */
export async function trainOnTerminal(folder: string, options: TrainOptions, search: BackendSearch): Promise<number> {
  const before: Run = loadRun(folder).run;
  const reporter = options.json ? jsonReporter() : textReporter(before);
  const signals = handleInterrupts(options.json ?? false);
  let state: EndState;
  try {
    state = await runTrainer(folder, {
      search, device: options.device, dataPaths: options.dataPaths, onControl: signals.onControl,
      onEvent: (event) => reporter.onEvent(event), onProgress: (progress) => reporter.onProgress(progress),
    });
  } finally {
    reporter.close();
    signals.remove();
  }
  const { run } = loadRun(folder);
  const next = {
    finished: `See it again: ${commandName()} show ${here(folder)}\nIn VS Code with UDI Lab: open ${dirname(dirname(dirname(folder)))} and choose the run in the UDI sidebar.`,
    unfinished: `Go on with: ${commandName()} resume ${here(folder)}`,
  };
  const ending = { what: 'Run', folder, state, error: run.ended?.error, results: summary(run), next, interrupted: signals.interrupted() } as const;
  return printEnding(ending, options.json ?? false);
}

function readConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`Cannot read the config: ${systemError(error, file)?.message ?? String(error)}`, 'Name a *.udi.yaml file, e.g. examples/quick-start.udi.yaml.');
  }
}
