import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { RunConfig } from '../../core/config/config.ts';
import { errorText } from '../../core/errors.ts';
import { assignVariables, variableSources } from '../store/checkpoint.ts';
import type { Control } from './control.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Journal } from '../run/journal.ts';
import type { Stage, StageResult } from '../methods/method.ts';
import type { MultimodalModel } from '../model/model.ts';
import type { StageCache } from '../store/stageCache.ts';

/** Milliseconds between two looks at a stage that another trainer trains. */
const LOOK_INTERVAL = 250;
/** Raise it when the numbers of a stage change without a change of its settings (kernels, initialisation, batches). */
const CACHE_VERSION = 1;

/** The run that takes stages from the cache and adds its own to it. */
interface Sharer {
  readonly folder: string;
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly model: MultimodalModel;
  readonly journal: Journal;
  readonly control: Control;
}

/**
 * Shares finished stages between runs: a stage's key is the hash of all that determines its numbers, the keys of the
 * stages it builds on included. Only stages with a recipe are shared.
 */
export class StageSharing {
  /** Keys of the stages of this run that have one, by stage id. */
  private readonly keys = new Map<string, string>();

  constructor(private readonly cache: StageCache, private readonly sharer: Sharer) {}

  /** Computes the key of a stage; must be called for every stage in turn, also for those that are done. */
  register(stage: Stage): void {
    const { config: { training: { epochs: _, ...settings } }, dataset, model, journal } = this.sharer;
    const after = stage.recipe?.after.map((id) => this.keys.get(id));
    if (!stage.recipe || !after || after.includes(undefined)) return;
    const backend = journal.run.started!.backend;
    this.keys.set(stage.id, createHash('sha256').update(JSON.stringify({
      version: CACHE_VERSION, program: journal.run.started!.version, backend: [backend.id, backend.device],
      dataset: dataset.fingerprint, fusion: model.options.fusion,
      modalities: model.options.modalities.map(({ id, shape, dtype, masked, encoder, settings, freeze, pretrained }) =>
        [id, shape, dtype, masked, encoder.id, settings, freeze, pretrained?.sha256]),
      training: settings, stage: stage.id, epochs: stage.epochs, trains: stage.trains, selectBy: stage.selectBy, recipe: stage.recipe.settings, after,
    })).digest('hex'));
  }

  /**
   * Loads a stage that some run has trained: its variables into the model, its epochs into the journal. Waits while
   * another trainer is at it. Otherwise the stage is claimed for this run, and `release` ends that.
   * @returns the stage's result, or what to call when it is trained; undefined if a stop was asked for while waiting
   * @throws Cancelled after `cancel`
   */
  async take(stage: Stage): Promise<{ result: StageResult } | { release: () => void } | undefined> {
    const key = this.keys.get(stage.id);
    if (key === undefined) return { release: () => {} };
    const { control, journal } = this.sharer;
    for (let waits = false; ; waits = true) {
      const result = this.load(stage, key);
      if (result) return { result };
      const release = this.claim(key);
      // The owner may have stored the stage and let go of it between the two looks.
      if (release) {
        const late = this.load(stage, key);
        if (!late) {
          if (waits) journal.append({ type: 'note', message: `${stage.id} is trained here: the other run has given it up.` });
          return { release };
        }
        release();
        return { result: late };
      }
      if (!waits) journal.append({ type: 'note', message: `Waiting for ${stage.id}, which another run is training.`, waitsFor: stage.id });
      await new Promise((resolve) => { setTimeout(resolve, LOOK_INTERVAL); });
      await control.gate();
      if (control.stopRequested) return undefined;
    }
  }

  /** Adds a stage that this run has just trained. */
  async add(stage: Stage): Promise<void> {
    const key = this.keys.get(stage.id);
    const { folder, model, journal } = this.sharer;
    const record = journal.run.stages.find((each) => each.id === stage.id);
    if (key === undefined || !record?.ended) return;
    const { keptEpoch, reason, validation } = record.ended;
    try {
      const outcome = { run: basename(folder), epochs: record.epochs, ended: { keptEpoch, reason, validation } };
      await this.cache.write(key, outcome, variableSources(model.variables(stage.trains), 'model/'));
    } catch (error) {
      journal.append({ type: 'note', message: `${stage.id} was not added to the stage cache: ${errorText(error)}` });
    }
  }

  /** A cache that cannot be written to (permissions, full disk) must not keep a run from training. */
  private claim(key: string): (() => void) | undefined {
    try {
      return this.cache.claim(key, () => this.sharer.control.paused);
    } catch {
      return () => {};
    }
  }

  private load(stage: Stage, key: string): StageResult | undefined {
    const found = this.cache.read(key);
    if (!found) return undefined;
    const { model, journal } = this.sharer;
    assignVariables('model', model.variables(stage.trains), (name) => found.tensors[name]);
    for (const { seq: _, time: __, ...event } of found.epochs) journal.append(event);
    journal.append({ type: 'stageEnded', stage: stage.id, epochs: found.epochs.length, ...found.ended, cached: true });
    return { stage: stage.id, keptEpoch: found.ended.keptEpoch, validation: found.ended.validation };
  }
}
