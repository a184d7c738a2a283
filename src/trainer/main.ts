import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { errorText, UserError } from '../core/errors.ts';
import { findRun, runsFolder } from '../core/runStore.ts';
import type { BackendSearch } from './backends/index.ts';
import { createCatalog, createConfigJsonSchema } from './catalog.ts';
import { doctorCommand } from './cli/doctor.ts';
import { installBackendCommand, installable } from './cli/installBackend.ts';
import { runsCommand, showCommand } from './cli/runs.ts';
import { exitCodes, trainCommand, trainOnTerminal } from './cli/train.ts';

const catalog = createCatalog();
const backendsFolder = process.env['UDI_BACKENDS'] ?? join(homedir(), '.udi', 'backends');
const search: BackendSearch = { folders: [backendsFolder, process.cwd()], distFolder: __dirname };

const collect = (value: string, previous: string[]): string[] => [...previous, value];
const oneOf = (known: readonly string[]) => (value: string): string => {
  if (!known.includes(value)) throw new InvalidArgumentError(`Known: ${known.join(', ')}.`);
  return value;
};
const device = oneOf(['auto', ...catalog.devices.map((each) => each.id)]);
const folderOf = (options: { runs?: string }): string => (options.runs ? resolve(options.runs) : runsFolder(process.cwd()));
const setExit = (code: number): void => {
  process.exitCode = code;
};

const program = new Command('udi')
  .description('Trains and shows multimodal experiments (UDI and the methods it is compared with).')
  .version(catalog.version)
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.usage));

program.command('train <config>')
  .description('train a config (*.udi.yaml); Ctrl-C stops after the epoch, twice cancels')
  .option('--set <key=value>', 'change a key of the config, e.g. --set training.epochs=5 (repeatable)', collect, [])
  .option('--device <id>', 'backend, over the config', device)
  .option('--runs <folder>', 'folder of the runs', undefined)
  .option('--json', 'print every event as one JSON line')
  .action(async (config: string, options) => setExit(await trainCommand(config, options, search)));

program.command('resume <run>')
  .description('continue a run from its last checkpoint (folder, id, part of an id, or latest)')
  .option('--device <id>', 'backend, over the config', device)
  .option('--runs <folder>', 'folder of the runs')
  .option('--json', 'print every event as one JSON line')
  .action(async (run: string, options) => setExit(await trainOnTerminal(findRun(folderOf(options), run), options, search)));

program.command('runs')
  .description('list the runs')
  .option('--runs <folder>', 'folder of the runs')
  .option('--json', 'as JSON')
  .action((options: { runs?: string; json?: boolean }) => runsCommand(folderOf(options), options.json ?? false));

program.command('show <run>')
  .description('show one run: anchor comparison, weights, scores')
  .option('--runs <folder>', 'folder of the runs')
  .option('--json', 'as JSON')
  .action((run: string, options: { runs?: string; json?: boolean }) => showCommand(folderOf(options), run, options.json ?? false));

program.command('doctor')
  .description('list the backends, whether they can be used here, and how to get them')
  .option('--json', 'as JSON')
  .action((options: { json?: boolean }) => doctorCommand(search, options.json ?? false));

program.command('install-backend')
  .argument('<id>', 'backend', oneOf(installable))
  .description('install an optional backend with npm')
  .option('--into <folder>', 'folder to install into', backendsFolder)
  .action(async (id: string, options: { into: string }) => setExit(await installBackendCommand(id, resolve(options.into))));

program.command('run <folder>', { hidden: true })
  .description('train the run in a folder; what the extension starts')
  .option('--device <id>', 'backend, over the config', device)
  .action(async (folder: string, options) => setExit(await trainOnTerminal(resolve(folder), options, search)));

program.command('catalog', { hidden: true })
  .description('methods, datasets, encoders and settings as JSON; what the build stores for the extension')
  .action(() => { process.stdout.write(JSON.stringify({ catalog, configSchema: createConfigJsonSchema(catalog) })); });

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(error instanceof UserError ? `${errorText(error)}\n` : `${error instanceof Error ? error.stack : String(error)}\n`);
  setExit(error instanceof UserError ? exitCodes.usage : exitCodes.failed);
});
