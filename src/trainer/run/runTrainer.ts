import { mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { requireConfig } from '../../core/config/parseConfig.ts';
import type { RunConfig } from '../../core/config/config.ts';
import { epochsOf } from '../../core/config/training.ts';
import { systemError, UserError } from '../../core/errors.ts';
import { JOURNAL_FORMAT } from '../../core/files/anyEvent.ts';
import { ownedError } from '../../core/files/processFile.ts';
import type { NewEvent, RunEvent } from '../../core/run/events.ts';
import { classificationMetrics } from '../../core/run/metrics.ts';
import type { EndState, RunError } from '../../core/run/run.ts';
import { workspaceOfRun } from '../../core/run/runPaths.ts';
import { runFiles, writeRunConfig } from '../../core/run/runStore.ts';
import { journalStamp, writeSummary } from '../../core/run/summary.ts';
import { trainerCommandSchema, type Progress, type TrainerCommand, type TrainerMessage } from '../../core/wire.ts';
import { chooseBackend, type BackendSearch } from '../backends/index.ts';
import { createCatalog } from '../catalog.ts';
import { Checkpoints, variableSources } from '../store/checkpoint.ts';
import { Cancelled, Control } from '../loop/control.ts';
import { Diverged } from '../loop/diverged.ts';
import type { Dataset } from '../data/dataset.ts';
import { emptyClassesNote } from '../data/emptyClasses.ts';
import { chooseEncoders } from '../encoders/chosen.ts';
import { closing, failureOf } from './closing.ts';
import { FolderOwner } from './folderOwner.ts';
import { Journal } from './journal.ts';
import { checkSame, openDataset } from './openDataset.ts';
import { ownPeakMemory } from './memory.ts';
import { findMethod } from '../methods/index.ts';
import type { Method } from '../methods/method.ts';
import { MultimodalModel, type FusionKind } from '../model/model.ts';
import { listed } from '../store/pretrained.ts';
import { writeSafetensors } from '../store/safetensors.ts';
import { withDataPaths, type DataPaths } from './runData.ts';
import { serve, stopListening } from './server.ts';
import { cacheFolder, StageCache } from '../store/stageCache.ts';
import type { Timings } from '../loop/timings.ts';
import { train, type Training } from '../loop/train.ts';

/** How a trainer process is run. */
export interface TrainerOptions {
  readonly search: BackendSearch;
  /** Overrides `device:` of the config for this process. */
  readonly device?: string;
  /** Where the data lie now, if they were moved; stored in the run's config once they have proved to be the same. */
  readonly dataPaths?: DataPaths;
  readonly onEvent?: (event: RunEvent) => void;
  readonly onProgress?: (progress: Progress) => void;
  /** Receives the control as soon as requests can be taken (signals of a terminal). */
  readonly onControl?: (control: Control) => void;
  /** Receives what the time is spent on, for the benchmark. */
  readonly timings?: Timings;
  /** Whether stages are shared with other runs through `.udi/cache`; yes by default, unless `UDI_CACHE=off`. */
  readonly cache?: boolean;
}

/** Milliseconds between two progress messages. */
const PROGRESS_INTERVAL = 250;

/**
 * Trains the run in `folder` from the beginning or from its last checkpoint, as the only trainer of this run.
 * Everything that happens is in the journal; the returned state is that of its last event.
 * @throws UserError before anything is written if the run is finished, is no run, or is being trained already; JournalLost if
 *   the folder was deleted, or taken over by another trainer, while this one worked on it
 */
export async function runTrainer(folder: string, options: TrainerOptions): Promise<EndState> {
  const file = join(folder, runFiles.config);
  const stored = requireConfig(readConfigText(file), createCatalog(), file, { name: 'run' });
  const config = options.dataPaths ? withDataPaths(stored, options.dataPaths, folder) : stored;
  mkdirSync(join(folder, runFiles.checkpoints), { recursive: true });
  const owner = await FolderOwner.take({
    folder, file: runFiles.trainer, openJournal: (mayWrite) => new Journal(folder, mayWrite),
    refuse: (other) => ownedError(`The run in ${folder} is being trained`, other, 'Open it to watch; or stop it first.'),
  });
  try {
    if (owner.journal.run.ended?.state === 'finished') {
      stopListening(owner.listening);
      throw new UserError(`The run in ${folder} is finished.`, 'Start a new one from its config.');
    }
    return await trainWithJournal(folder, config, owner, options);
  } finally {
    owner.release();
  }
}

async function trainWithJournal(folder: string, config: RunConfig, owner: FolderOwner<Journal>, options: TrainerOptions): Promise<EndState> {
  const { journal, listening } = owner;
  const control = new Control((paused) => journal.append({ type: paused ? 'paused' : 'continued' }));
  owner.whenLost(() => control.cancel());
  const server = serve<RunEvent, TrainerCommand, TrainerMessage>(listening, {
    journal, commands: trainerCommandSchema, onCommand: (command) => obey(control, command),
  });
  const unsubscribe = journal.subscribe(journal.run.lastSeq, (event) => {
    if (event.type === 'stageEnded' || event.type === 'ended') noteSummary(folder, journal);
    options.onEvent?.(event);
  });
  options.onControl?.(control);
  let sent = 0;
  const onProgress = (progress: Omit<Progress, 'type'>): void => {
    const now = performance.now();
    if (now - sent < PROGRESS_INTERVAL && progress.step !== progress.steps) return;
    sent = now;
    server.broadcast({ type: 'progress', ...progress });
    options.onProgress?.({ type: 'progress', ...progress });
  };
  return closing<EndState, RunError>({
    work: () => prepareAndTrain(folder, config, owner, control, onProgress, options),
    endOf,
    append: (end) => journal.append({ type: 'ended', ...end, peakMemory: ownPeakMemory() }),
    close: async () => {
      unsubscribe();
      await server.close();
      if (options.timings) options.timings.journal = journal.seconds;
    },
  });
}

/** Leaves the summary of the run beside its journal, for lists; they do without one where this fails. */
function noteSummary(folder: string, journal: Journal): void {
  try {
    const stamp = journalStamp(folder);
    if (stamp) writeSummary(folder, journal.run, stamp);
  } catch (error) {
    process.stderr.write(`${runFiles.summary}: ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

function obey(control: Control, { type }: TrainerCommand): void {
  switch (type) {
    case 'stop': return control.stop();
    case 'cancel': return control.cancel();
    case 'pause': return control.pause();
    case 'resume': return control.resume();
  }
}

function endOf(error: unknown): { state: EndState; error?: RunError } {
  if (error instanceof Cancelled) return { state: 'cancelled' };
  return { state: 'failed', error: { ...failureOf(error), ...(error instanceof Diverged ? { diverged: error.diverged } : {}) } };
}

async function prepareAndTrain(
  folder: string, config: RunConfig, { journal, listening }: FolderOwner<Journal>, control: Control,
  onProgress: (progress: Omit<Progress, 'type'>) => void, options: TrainerOptions,
): Promise<'finished' | 'stopped'> {
  const checkpoints = new Checkpoints(folder);
  const method = findMethod(config.method.name);
  const chosen = await chooseBackend(options.device ?? config.device, options.search);
  const backend = { ...chosen, skipped: [...chosen.skipped] };
  const dataset = await openDataset(config, folder, journal, control, options.search.distFolder);
  try {
    return await trainOn({ folder, config, dataset, method, journal, control, checkpoints, onProgress }, backend, options, listening.refusal);
  } finally {
    await dataset.close?.();
  }
}

async function trainOn(
  prepared: Omit<Training, 'model' | 'cache'>, backend: Started['backend'], options: TrainerOptions, noSocket: string | undefined,
): Promise<'finished' | 'stopped'> {
  const { folder, config, dataset, method, journal, checkpoints } = prepared;
  if (journal.run.started) checkSame(journal.run.started.dataset, dataset);
  if (options.dataPaths) writeRunConfig(folder, config);
  const model = createModel(config, dataset, method, workspaceOfRun(folder));
  if (journal.run.started) {
    checkSameWeights(journal.run.started, model);
    const at = checkpoints.resumed?.open;
    journal.append({ type: 'resumed', ...(at ? { stage: at.stage } : {}), epoch: at?.epoch ?? 0, backend });
  } else {
    journal.append(startedEvent(config, dataset, model, backend, method));
    const note = emptyClassesNote(dataset);
    if (note !== undefined) journal.append({ type: 'note', message: note });
    for (const { id, pretrained } of model.options.modalities) {
      if (pretrained?.unused.length) journal.append({ type: 'note', message: `Weights of ${id}: not used of ${basename(pretrained.path)}: ${listed(pretrained.unused)}.` });
    }
  }
  // Numbers of one backend are not those of another: a run that has moved, even there and back, neither gives nor takes stages.
  const shares = (options.cache ?? process.env['UDI_CACHE'] !== 'off') && journal.run.backends.length === 1;
  const socketNote = `This trainer has no socket: it can be watched and stopped, but not paused. Tried: ${noSocket ?? ''}.`;
  if (noSocket !== undefined && !journal.run.notes.includes(socketNote)) journal.append({ type: 'note', message: socketNote });
  const cache = shares ? new StageCache(cacheFolder(folder)) : undefined;
  const state = await train({ ...prepared, model, cache, timings: options.timings });
  if (state === 'finished') {
    await writeSafetensors(join(folder, runFiles.model), variableSources(model.variables()), { config: JSON.stringify(config) });
  }
  model.dispose();
  return state;
}

function createModel(config: RunConfig, dataset: Dataset, method: Method, workspace: string): MultimodalModel {
  const modalities = chooseEncoders(config, dataset.modalities, method, workspace);
  return new MultimodalModel({ modalities, classes: dataset.classes.length, fusion: config.model.fusion as FusionKind, seed: config.training.seed });
}

type Started = Extract<NewEvent, { type: 'started' }>;

function startedEvent(config: RunConfig, dataset: Dataset, model: MultimodalModel, backend: Started['backend'], method: ReturnType<typeof findMethod>): Started {
  const { name: _, ...hparams } = config.method;
  const modalities = dataset.modalities.map((modality) => modality.id);
  const count = (modality: string) => Object.values(model.branchParameters(modality)).reduce((sum, variable) => sum + variable.size, 0);
  return {
    type: 'started',
    format: JOURNAL_FORMAT,
    name: config.name,
    version: createCatalog().version,
    seed: config.training.seed,
    method: { name: method.id, label: method.label },
    dataset: {
      name: dataset.id,
      fingerprint: dataset.fingerprint,
      parts: dataset.parts,
      classes: [...dataset.classes],
      modalities: model.options.modalities.map(({ id, encoder, settings = {}, pretrained }) => ({
        id, encoder: encoder.id, parameters: count(id) + model.frozenSize(id),
        ...(model.frozenSize(id) > 0 ? { frozen: model.frozenSize(id) } : {}),
        ...(Object.keys(settings).length > 0 ? { settings } : {}),
        ...(pretrained ? { weights: { file: pretrained.path, sha256: pretrained.sha256 } } : {}),
      })),
      sizes: { train: dataset.train.size, validation: dataset.validation.size, test: dataset.test.size },
    },
    metrics: [...classificationMetrics],
    fusion: method.ownFusion ?? config.model.fusion,
    backend,
    plannedEpochs: method.plan(modalities, hparams, (stage) => epochsOfStage(stage, config)).reduce((sum, { epochs }) => sum + epochs, 0),
  };
}

function epochsOfStage(stage: string, config: RunConfig): number {
  const epochs = epochsOf(stage, config.training.epochs);
  if (epochs === undefined) throw new UserError(`training.epochs: no epochs for the stage "${stage}".`, 'Add it, or "default".');
  return epochs;
}

/** A branch that begins after the resume must begin from the same weights. */
function checkSameWeights({ dataset }: Pick<Started, 'dataset'>, model: MultimodalModel): void {
  for (const { id, pretrained } of model.options.modalities) {
    if (dataset.modalities.find((each) => each.id === id)?.weights?.sha256 !== pretrained?.sha256) {
      throw new UserError(`The weights of ${id} (${pretrained?.path ?? 'none'}) are not those that this run was started with.`, 'Put the file back, or start a new run.');
    }
  }
}

function readConfigText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(systemError(error, file)?.message ?? String(error), 'Name the folder of a run, below .udi/runs.');
  }
}
