import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { thisMachine } from '../../core/config/paths.ts';
import { requireConfig } from '../../core/config/parseConfig.ts';
import type { EndState, Run } from '../../core/run/run.ts';
import { createRun, loadRun, resolvePaths, runsFolder } from '../../core/run/runStore.ts';
import type { BackendSearch } from '../backends/index.ts';
import { createCatalog } from '../catalog.ts';
import { runTrainer } from '../run/runTrainer.ts';
import { commandName, here } from './commandName.ts';
import { handleInterrupts } from './interrupts.ts';
import { jsonReporter, textReporter } from './reporter.ts';
import { summary } from './summary.ts';

/** Exit codes of commands that train. */
export const exitCodes = { finished: 0, stopped: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** Options that `train` and `resume` share. */
export interface TrainOptions {
  readonly device?: string;
  readonly json?: boolean;
}

/** `udi train <config>`: checks the config, creates the run below the working directory and trains it. Returns the exit code. */
export async function trainCommand(file: string, options: TrainOptions & { set: string[]; runs?: string }, search: BackendSearch): Promise<number> {
  const catalog = createCatalog();
  const folder = dirname(resolve(file));
  const name = basename(file).replace(/(\.udi)?\.(ya?ml|json)$/, '');
  const config = requireConfig(readConfig(file), catalog, file, { name, overrides: options.set, paths: { folder, machine: thisMachine } });
  const runs = options.runs ? resolve(options.runs) : runsFolder(process.cwd());
  return trainOnTerminal(createRun(runs, resolvePaths(config, catalog, folder), resolve(file)), options, search);
}

/** Trains the run in `folder` with output for a person or, with `json`, for a program. Returns the exit code. */
export async function trainOnTerminal(folder: string, options: TrainOptions, search: BackendSearch): Promise<number> {
  const before: Run = loadRun(folder).run;
  const reporter = options.json ? jsonReporter() : textReporter(before);
  const signals = handleInterrupts(options.json ?? false);
  let state: EndState;
  try {
    state = await runTrainer(folder, {
      search, device: options.device, onControl: signals.onControl,
      onEvent: (event) => reporter.onEvent(event), onProgress: (progress) => reporter.onProgress(progress),
    });
  } finally {
    reporter.close();
    signals.remove();
  }
  const { run } = loadRun(folder);
  if (run.ended?.error) process.stderr.write(`${run.ended.error.message}\n${run.ended.error.hint ?? ''}\n`);
  if (!options.json) {
    const text = summary(run);
    if (text) process.stdout.write(`\n${text}\n`);
    const next = state === 'finished'
      ? `See it again: ${commandName()} show ${here(folder)}\nIn VS Code with UDI Lab: open ${dirname(dirname(dirname(folder)))} and choose the run in the UDI sidebar.`
      : `Go on with: ${commandName()} resume ${here(folder)}`;
    process.stdout.write(`\nRun ${state}: ${folder}\n${next}\n`);
  }
  if (signals.interrupted() && state !== 'finished') return exitCodes.interrupted;
  return state === 'failed' || state === 'cancelled' ? exitCodes.failed : exitCodes[state];
}

function readConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`Cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`, 'Name a *.udi.yaml file, e.g. examples/quick-start.udi.yaml.');
  }
}
