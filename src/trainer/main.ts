import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { errorText, knownError, UserError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { findRun, runsFolder } from '../core/run/runStore.ts';
import { studyTableIds } from '../core/study/studyPlan.ts';
import type { BackendSearch } from './backends/index.ts';
import { createCatalog, createConfigJsonSchema, createJournalJsonSchema, createStudyJsonSchema } from './catalog.ts';
import { cacheCommand } from './cli/cache.ts';
import { compareCommand } from './cli/comparison.ts';
import { doctorCommand } from './cli/doctor.ts';
import { installBackendCommand, installable } from './cli/installBackend.ts';
import { runsCommand, showCommand } from './cli/runs.ts';
import { exitCodes } from './cli/ending.ts';
import { studyOnTerminal, studyPrepareCommand, studyRunCommand, studyStatusCommand, studyTableCommand, textFormats } from './cli/study.ts';
import { JournalLost } from './run/journal.ts';
import { resumeCommand, trainCommand } from './cli/train.ts';

const catalog = createCatalog();
const backendsFolder = process.env['UDI_BACKENDS'] ?? join(homedir(), '.udi', 'backends');
const search: BackendSearch = { folders: [backendsFolder, process.cwd()], distFolder: __dirname };

const collect = (value: string, previous: string[]): string[] => [...previous, value];
const oneOf = (known: readonly string[]) => (value: string): string => {
  if (!known.includes(value)) throw new InvalidArgumentError(`Known: ${known.join(', ')}.`);
  return value;
};
const device = oneOf(['auto', ...catalog.devices.map((each) => each.id)]);
const positiveInteger = (value: string): number => {
  if (!/^[1-9]\d*$/.test(value)) throw new InvalidArgumentError('A whole number of at least 1.');
  return Number(value);
};
const folderOf = (options: { runs?: string }): string => (options.runs ? resolve(options.runs) : runsFolder(process.cwd()));
const setExit = (code: number): void => {
  process.exitCode = code;
};

const program = new Command('udi')
  .description('Trains and shows multimodal experiments (UDI and the methods it is compared with).')
  .version(catalog.version)
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.usage));

program.command('train <configs...>')
  .description('train configs (*.udi.yaml) one after another; Ctrl-C stops after the epoch, twice cancels')
  .option('--set <key=value>', 'change a key of the config, e.g. --set training.epochs=5 (repeatable)', collect, [])
  .option('--device <id>', 'backend, over the config', device)
  .option('--runs <folder>', 'folder of the runs', undefined)
  .option('--json', 'print every event as one JSON line')
  .action(async (configs: string[], options) => setExit(await trainCommand(configs, options, search)));

program.command('resume <run>')
  .description('continue a run from its last checkpoint (folder, id, part of an id, name, or latest)')
  .option('--set <key=value>', 'where its data lie now, e.g. --set dataset.root=/data/mnist (repeatable); another dataset is refused', collect, [])
  .option('--device <id>', 'backend, over the config', device)
  .option('--runs <folder>', 'folder of the runs')
  .option('--json', 'print every event as one JSON line')
  .action(async (run: string, options) => setExit(await resumeCommand(findRun(folderOf(options), run), options, search)));

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

program.command('compare <runs...>')
  .description('show the test scores of runs side by side')
  .option('--runs <folder>', 'folder of the runs')
  .action((runs: string[], options: { runs?: string }) => compareCommand(folderOf(options), runs));

program.command('cache')
  .description('show the finished stages that runs share, or remove them')
  .argument('[action]', 'show or clear', oneOf(['show', 'clear']), 'show')
  .option('--runs <folder>', 'folder of the runs')
  .option('--json', 'as JSON')
  .action((action: string, options: { runs?: string; json?: boolean }) =>
    cacheCommand(folderOf(options), action === 'clear' ? 'clear' : 'show', options.json ?? false));

const study = program.command('study').description('run many configs as one study (*.udi-study.yaml), and show its tables');

study.command('run <study>')
  .description('run what is missing or failed of a study (file or id); Ctrl-C stops after the epochs, twice cancels')
  .option('--parallel <n>', 'runs side by side, over what the study says', positiveInteger)
  .option('--device <id>', 'backend of all runs, over their configs', device)
  .option('--runs <folder>', 'folder of the runs; the studies are beside it')
  .option('--json', 'print every event of the study as one JSON line')
  .action(async (text: string, options) => setExit(await studyRunCommand(text, folderOf(options), { ...options, trainer: __filename })));

study.command('status <study>')
  .description('show the runs of a study (file or id): state, epochs, score')
  .option('--runs <folder>', 'folder of the runs; the studies are beside it')
  .option('--json', 'as JSON')
  .action((text: string, options: { runs?: string; json?: boolean }) => studyStatusCommand(text, folderOf(options), options.json ?? false));

study.command('table <study>')
  .description('show the tables of a study (file or id): mean ± deviation over its seeds')
  .option('--table <id>', 'one table only', oneOf(studyTableIds))
  .option('--format <format>', textFormats.join(', '), oneOf(textFormats), 'text')
  .option('--runs <folder>', 'folder of the runs; the studies are beside it')
  .action((text: string, options: { table?: string; format: (typeof textFormats)[number]; runs?: string }) =>
    studyTableCommand(text, folderOf(options), options));

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
  .option('--set <key=value>', 'where its data lie now', collect, [])
  .option('--device <id>', 'backend, over the config', device)
  .action(async (folder: string, options) => setExit(await resumeCommand(resolve(folder), options, search)));

program.command('study-prepare <file>', { hidden: true })
  .description('check a study file, write what it asks for, print the folder of the study; what the extension asks')
  .option('--runs <folder>', 'folder of the runs; the studies are beside it')
  .option('--json', 'as JSON')
  .action((file: string, options: { runs?: string }) => studyPrepareCommand(file, folderOf(options)));

program.command('study-run <folder>', { hidden: true })
  .description('run the study in a folder; what the extension starts')
  .option('--keys <keys>', 'only these runs of its plan, separated by commas', (value: string) => value.split(','))
  .option('--parallel <n>', 'runs side by side, over what the study says', positiveInteger)
  .option('--device <id>', 'backend of all runs, over their configs', device)
  .option('--json', 'print every event of the study as one JSON line')
  .action(async (folder: string, options) => setExit(await studyOnTerminal(resolve(folder), { ...options, trainer: __filename })));

program.command('catalog', { hidden: true })
  .description('methods, datasets, encoders and settings as JSON; what the build stores for the extension')
  .action(() => {
    process.stdout.write(JSON.stringify({ catalog, configSchema: createConfigJsonSchema(catalog), studySchema: createStudyJsonSchema(catalog), journalSchema: createJournalJsonSchema() }));
  });

// Whoever reads the output may stop doing so (`| head`); a training goes on without him.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

program.parseAsync().catch((error: unknown) => {
  const known = knownError(error);
  process.stderr.write(printable(`${known || !(error instanceof Error) ? errorText(error) : error.stack ?? error.message}\n`));
  setExit(error instanceof UserError && !(error instanceof JournalLost) ? exitCodes.usage : exitCodes.failed);
});
