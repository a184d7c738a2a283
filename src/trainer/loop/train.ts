import type { RunConfig } from '../../core/config/config.ts';
import { epochsOf, learningRateOf, warmupFactor } from '../../core/config/training.ts';
import { UserError } from '../../core/errors.ts';
import { requireFiniteEpoch, requireFiniteTest } from './diverged.ts';
import type { EpochEvent } from '../../core/run/events.ts';
import { FUSION } from '../../core/run/targets.ts';
import { createRandom, seedFor } from '../../core/random.ts';
import type { Progress } from '../../core/wire.ts';
import { disposeBatch, epochBatches, type HostBatch, pickEntries, pickValues, range, readBatch, rowsWith, upload } from './batches.ts';
import type { BestOfCheckpoint, CheckpointParts, Checkpoints, CheckpointState } from '../store/checkpoint.ts';
import { BestEpoch } from './bestEpoch.ts';
import type { Control } from './control.ts';
import type { Dataset, Split } from '../data/dataset.ts';
import { createEpochTools } from './epochTools.ts';
import { EpochTotals } from './epochTotals.ts';
import { type Evaluated, evaluateLogits } from './evaluate.ts';
import { FrozenModalities } from './frozen.ts';
import type { Journal } from '../run/journal.ts';
import type { Method, MethodContext, Stage, StageResult } from '../methods/method.ts';
import type { Batch } from './batch.ts';
import { briefScores, scoreLogits, type DetailedScores } from '../model/metrics.ts';
import type { MultimodalModel } from '../model/model.ts';
import type { Optimizer } from '../model/optimizer.ts';
import { readAhead } from './readAhead.ts';
import { StageSharing } from './sharedStage.ts';
import type { StageCache } from '../store/stageCache.ts';
import { writeOutputs } from '../store/sampleOutputs.ts';
import { checkGroups, createStageOptimizer } from './stageOptimizer.ts';
import { addSeconds, type Timings } from './timings.ts';
import { trainStep } from './trainStep.ts';

/** Everything one run is trained with. */
export interface Training {
  readonly folder: string;
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly method: Method;
  readonly model: MultimodalModel;
  readonly journal: Journal;
  readonly control: Control;
  /** Where checkpoints go, and where the run left off, if it is resumed. */
  readonly checkpoints: Checkpoints;
  /** Where finished stages are shared with other runs; absent: every stage is trained here. */
  readonly cache?: StageCache | undefined;
  readonly onProgress: (progress: Omit<Progress, 'type'>) => void;
  /** Receives what the time is spent on, for the benchmark. */
  readonly timings?: Timings | undefined;
}

/**
 * The one training loop: runs the method's stages in turn, each for its epochs, with one journal event and one checkpoint
 * for every epoch, and evaluates on test once at the end. Resuming replays the generator with the results that the journal
 * holds and continues the open stage, which gives the same numbers as a run that was never interrupted.
 * @returns whether all stages are done, or the run was asked to stop
 * @throws Cancelled after `cancel`; Diverged if a loss, score or reading is not finite; UserError if the disk is full
 */
export async function train(training: Training): Promise<'finished' | 'stopped'> {
  let outcome: 'finished' | 'stopped';
  try {
    outcome = await trainStages(training);
  } catch (error) {
    // A checkpoint that is being written is finished; if it fails too, that must not hide what happened first.
    await training.checkpoints.flush().catch(() => undefined);
    throw error;
  }
  await training.checkpoints.flush();
  return outcome;
}

async function trainStages(training: Training): Promise<'finished' | 'stopped'> {
  const { dataset, method, model, journal, control, checkpoints } = training;
  const checkpoint = checkpoints.resumed;
  const finished: string[] = [];
  const targets = new Set<string>();
  let own: Pick<Stage, 'unimodal' | 'fused'> = {};
  // Of a training of several stages. When a run is resumed it hears of the epochs before as the stages are replayed.
  const whole = new BestEpoch();
  const save: Save = async (open, parts, best) => {
    const begin = performance.now();
    await checkpoints.save({ finished: [...finished], ...(open ? { open } : {}) }, { model: model.variables(), ...parts }, best);
    addSeconds(training.timings, 'checkpoints', (performance.now() - begin) / 1000);
  };

  const sharing = training.cache && new StageSharing(training.cache, training);
  const stages = method.stages(model, methodContext(training));
  let result: StageResult | undefined;
  const restore = (): void => checkpoints.restore('model', model.variables());
  for (;;) {
    // Between two stages the checkpoint holds the model as it was before the generator prepares the next stage.
    if (checkpoint && !checkpoint.open && finished.length === checkpoint.finished.length) restore();
    const next = result ? stages.next(result) : stages.next();
    if (next.done) break;
    const stage = next.value;
    try {
      own = { unimodal: stage.unimodal, fused: stage.fused };
      sharing?.register(stage);
      const done = checkpoint?.finished.includes(stage.id) ?? false;
      if (!done && checkpoint?.open?.stage === stage.id) restore();
      result = done ? storedResult(journal, stage) : await trainOrTake(training, stage, save, whole, sharing);
      if (done && stage.part) for (const event of epochsOfStage(journal, stage)) offerToWhole(whole, model, stage, event);
    } finally {
      stage.dispose?.();
    }
    if (!result) return 'stopped';
    finished.push(stage.id);
    for (const target of Object.keys(result.validation)) targets.add(target);
    if (!checkpoint?.finished.includes(stage.id)) await save(undefined, {}, stage.part ? 'same' : 'none');
    if (control.stopRequested) return 'stopped';
  }

  const modalities = model.modalities.filter((modality) => targets.has(modality));
  const logits = await evaluateLogits(model, dataset, dataset.test, { modalities, fusion: targets.has(FUSION), ...own }, () => control.gate());
  await writeOutputs(training.folder, 'test', dataset.test, dataset, logits);
  const scores = scoresOf(logits, dataset.test, dataset.classes.length);
  journal.append({ type: 'test', scores, selectedOn: 'validation' });
  requireFiniteTest(scores, { stage: result!.stage, epoch: result!.keptEpoch }, training.config.training.learningRate);
  return 'finished';
}

/** What a method may use; events of a resumed run that are in the journal already are not added again. */
function methodContext({ config, journal }: Training): MethodContext {
  const { name: _, ...hparams } = config.method;
  return {
    hparams,
    seed: config.training.seed,
    epochs: (stage) => epochsOf(stage, config.training.epochs)!,
    random: (purpose, { epoch, step }) => createRandom(seedFor(`${purpose}:${epoch}:${step}`, config.training.seed)),
    emit: (event) => {
      const known = event.type === 'anchor' ? journal.run.anchor?.anchor === event.anchor : journal.run.notes.includes(event.message);
      if (!known) journal.append(event);
    },
  };
}

function storedResult(journal: Journal, stage: Stage): StageResult {
  const record = journal.run.stages.find((each) => each.id === stage.id)?.ended;
  if (!record) throw new UserError(`The checkpoint says that ${stage.id} is done, but the journal has no end of it.`, 'One of the two files was edited or replaced; start a new run.');
  return { stage: stage.id, keptEpoch: record.keptEpoch, validation: record.validation };
}

/** What is made once for a stage: outputs of its frozen modalities, and the probe with the memory that it was read into. */
interface StageData {
  readonly train?: FrozenModalities;
  readonly validation?: FrozenModalities;
  readonly probe?: { readonly batch: Batch; readonly host: HostBatch };
}

/** Begins to write a checkpoint: of the open stage with its own variables, and what is known of the best epoch. */
type Save = (open: CheckpointState['open'], parts: Omit<CheckpointParts, 'model'>, best: BestOfCheckpoint) => Promise<void>;

/** The result of a stage: of another run that trained the same one, or trained here; undefined if it was asked to stop. */
async function trainOrTake(training: Training, stage: Stage, save: Save, whole: BestEpoch, sharing?: StageSharing): Promise<StageResult | undefined> {
  const { journal, checkpoints } = training;
  const modalities = [...stage.frozen, ...stage.trains];
  journal.append({
    type: 'stage', stage: stage.id, trains: [...stage.trains], epochs: stage.epochs,
    evaluates: stage.selectBy === FUSION ? [...modalities, FUSION] : modalities,
  });
  if (!sharing) return runStage(training, stage, save, whole);
  // A stage that this run has begun is its own to end.
  const taken = checkpoints.resumed?.open?.stage === stage.id ? { release: () => {} } : await sharing.take(stage);
  if (!taken) return undefined;
  if ('result' in taken) return taken.result;
  try {
    const result = await runStage(training, stage, save, whole);
    if (result) await sharing.add(stage);
    return result;
  } finally {
    taken.release();
  }
}

/** Trains one stage, from its checkpoint if there is one; undefined if it was asked to stop. */
async function runStage(training: Training, stage: Stage, save: Save, whole: BestEpoch): Promise<StageResult | undefined> {
  const { config: { training: settings }, model, journal, control, checkpoints } = training;
  const open = checkpoints.resumed?.open?.stage === stage.id ? checkpoints.resumed.open : undefined;
  checkGroups(settings, model);
  const optimizer = createStageOptimizer(settings, model, stage.variables);
  const evaluated = { modalities: [...stage.frozen, ...stage.trains], fusion: stage.selectBy === FUSION, unimodal: stage.unimodal, fused: stage.fused };
  const data = await prepareStage(training, stage);
  try {
    const best = stage.part ? whole : new BestEpoch();
    const offer = (event: EpochEvent) => (stage.part ? offerToWhole(whole, model, stage, event) : best.offer(stage.id, event, stage.selectBy));
    const kept = () => (stage.part ? model.variables() : model.variables(stage.trains));
    if (open) {
      checkpoints.restore('optimizer', optimizer.slots);
      checkpoints.restore('stage', stage.state ?? {});
    }
    // What was trained after the last checkpoint is trained again, so the journal counts up to the checkpoint only.
    const epochs = epochsOfStage(journal, stage).filter((each) => each.epoch <= (open?.epoch ?? 0));
    for (const event of epochs) offer(event);
    const exhausted = () => settings.earlyStopping !== undefined && epochs.length - lastGain(epochs, stage.selectBy) >= settings.earlyStopping.patience;

    while (epochs.length < stage.epochs && !exhausted()) {
      const clock = control.startClock();
      const event = await trainEpoch(training, stage, optimizer, data, epochs.length + 1, evaluated);
      epochs.push(event);
      const now = offer(event) && settings.keep === 'best' ? kept() : 'same';
      await save({ stage: stage.id, epoch: event.epoch }, { optimizer: optimizer.slots, stage: stage.state ?? {} }, now);
      addSeconds(training.timings, 'epochs', clock());
      if (control.stopRequested) return undefined;
    }
    const last = { stage: stage.id, event: epochs.at(-1)! };
    const selects = settings.keep === 'best' && (!stage.part || stage.part.firstEpoch + stage.epochs === stage.part.epochs);
    const chosen = (selects ? best.found : undefined) ?? last;
    if (chosen.event !== last.event) await checkpoints.restoreBest(kept());
    const { epoch: keptEpoch, validation } = chosen.event;
    journal.append({
      type: 'stageEnded', stage: stage.id, epochs: epochs.length, keptEpoch, ...(chosen.stage === stage.id ? {} : { keptStage: chosen.stage }),
      reason: epochs.length < stage.epochs ? 'early stopping' : 'completed', validation,
    });
    return { stage: stage.id, keptEpoch, validation };
  } finally {
    optimizer.dispose();
    if (data.probe) disposeBatch(data.probe.batch);
    data.probe?.host.release();
  }
}

/** The epochs of a stage that the journal has, oldest first. */
function epochsOfStage(journal: Journal, stage: Stage): EpochEvent[] {
  return [...journal.run.stages.find((each) => each.id === stage.id)?.epochs ?? []];
}

/** Epochs of a training of several stages can be compared from the one on that scores every modality of the model. */
function offerToWhole(whole: BestEpoch, model: MultimodalModel, stage: Stage, event: EpochEvent): boolean {
  return model.modalities.every((modality) => modality in event.validation) && whole.offer(stage.id, event, stage.selectBy);
}

/** The first epoch with the highest validation accuracy of the target; 0 without epochs. */
function lastGain(epochs: readonly EpochEvent[], target: string): number {
  const best = new BestEpoch();
  for (const event of epochs) best.offer('', event, target);
  return best.found?.event.epoch ?? 0;
}

/** Makes what is constant during a stage. */
async function prepareStage({ config, dataset, model, control }: Training, stage: Stage): Promise<StageData> {
  const freeze = (split: Split, augmented: boolean) => FrozenModalities.create(model, dataset, split, stage.frozen, augmented, () => control.gate());
  const frozen = stage.frozen.length === 0 ? {} : { train: await freeze(dataset.train, true), validation: await freeze(dataset.validation, false) };
  if (!stage.probe) return frozen;
  const order = createRandom(seedFor(`${stage.probe}:${stage.id}`, config.training.seed)).shuffle(range(0, dataset.validation.size));
  const host = await readBatch(dataset.validation, { rows: order.subarray(0, config.training.batchSize) }, stage.trains, 'clean');
  return { ...frozen, probe: { host, batch: upload(model, dataset, dataset.validation, host, frozen.validation) } };
}

async function trainEpoch(
  training: Training, stage: Stage, optimizer: Optimizer, data: StageData, epoch: number, evaluated: Evaluated,
): Promise<EpochEvent> {
  const { config: { training: settings }, dataset, model, journal, control, onProgress, timings } = training;
  const clock = control.startClock();
  const counted = (stage.part?.firstEpoch ?? 0) + epoch;
  const learningRate = learningRateOf(counted, stage.part?.epochs ?? stage.epochs, settings);
  await stage.startEpoch?.(epoch - 1, createEpochTools(training, counted - 1, learningRate));
  const rows = rowsWith(dataset.train, stage.trains);
  const entries = stage.entries?.(epoch - 1) ?? (rows && { rows });
  const batches = epochBatches(entries?.rows.length ?? dataset.train.size, settings.batchSize, settings.seed, counted);
  const modalities = [...stage.trains, ...data.train?.live ?? []];
  const read = (indices: Int32Array) => readBatch(dataset.train, pickEntries(entries, indices), modalities, counted);
  const totals = new EpochTotals();
  let samples = 0;
  let seconds = 0;
  let step = 0;
  try {
    await control.gate();
    let lap = performance.now();
    for await (const host of readAhead(batches, read)) {
      const ready = performance.now();
      const batch = upload(model, dataset, dataset.train, host, data.train);
      const uploaded = performance.now();
      const at = { epoch: epoch - 1, epochs: stage.epochs, step: step++, steps: batches.length, probe: data.probe?.batch };
      trainStep(model, stage, optimizer, batch, at, learningRate * warmupFactor(counted, at.step, batches.length, settings), totals);
      addSeconds(timings, 'step', (performance.now() - uploaded) / 1000);
      addSeconds(timings, 'upload', (uploaded - ready) / 1000);
      addSeconds(timings, 'reading', (ready - lap) / 1000);
      disposeBatch(batch);
      host.release();
      samples += batch.size;
      seconds += (performance.now() - lap) / 1000;
      onProgress({ stage: stage.id, epoch, epochs: stage.epochs, step, steps: batches.length, samplesPerSecond: samples / seconds });
      await control.gate();
      lap = performance.now();
    }
  } catch (error) {
    totals.dispose();
    throw error;
  }
  const readBegin = performance.now();
  const { losses, readings, badStep } = await totals.read(stage.readings?.() ?? {});
  const readSeconds = (performance.now() - readBegin) / 1000;
  seconds += readSeconds;
  addSeconds(timings, 'step', readSeconds);
  const evaluationClock = control.startClock();
  const validation = await evaluate(training, dataset.validation, { ...evaluated, frozen: data.validation });
  addSeconds(timings, 'evaluation', evaluationClock());
  // The journal is at most one epoch ahead of the checkpoint, which had this whole epoch to be written.
  const flushBegin = performance.now();
  await training.checkpoints.flush();
  addSeconds(timings, 'checkpoints', (performance.now() - flushBegin) / 1000);
  const appendBegin = performance.now();
  const event = journal.append({
    type: 'epoch', stage: stage.id, epoch, epochs: stage.epochs, losses,
    learningRate: learningRate * warmupFactor(counted, batches.length - 1, batches.length, settings),
    validation: Object.fromEntries(Object.entries(validation).map(([target, each]) => [target, briefScores(each)])),
    ...(Object.keys(readings).length > 0 ? { readings } : {}),
    seconds: clock(), samplesPerSecond: samples / Math.max(seconds, 1e-6),
  }) as EpochEvent;
  addSeconds(timings, 'epochEvents', (performance.now() - appendBegin) / 1000);
  // The journal shows what became of the epoch; the checkpoint is still that of the one before.
  requireFiniteEpoch(event, badStep);
  return event;
}

async function evaluate({ model, dataset, control }: Training, split: Split, evaluated: Evaluated): Promise<Record<string, DetailedScores>> {
  return scoresOf(await evaluateLogits(model, dataset, split, evaluated, () => control.gate()), split, dataset.classes.length);
}

/** Scores of targets on a split by their logits; those of a modality are of the samples that have it. */
function scoresOf(logits: Readonly<Record<string, Float32Array>>, split: Split, classes: number): Record<string, DetailedScores> {
  const scoreOf = (target: string, values: Float32Array): DetailedScores => {
    const rows = target === FUSION ? undefined : rowsWith(split, [target]);
    if (!rows) return scoreLogits(values, split.labels, classes);
    return scoreLogits(pickValues({ values, width: classes }, rows), Array.from(rows, (row) => split.labels[row]!), classes);
  };
  return Object.fromEntries(Object.entries(logits).map(([target, values]) => [target, scoreOf(target, values)]));
}
