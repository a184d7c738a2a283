import type { Tensor, Tensor2D, TensorContainer } from '@tensorflow/tfjs-core';
import type { HParamSpecs } from '../../core/config/hparams.ts';
import type { NewEvent, Scores } from '../../core/run/events.ts';
import type { Random } from '../../core/random.ts';
import type { Batch, EpochEntries, LossTerms, Rows, StepPlace } from '../loop/batch.ts';
import type { MultimodalModel, Outputs } from '../model/model.ts';
import type { NamedTensors, NamedVariables } from '../model/module.ts';

/** What determines the outcome of a stage beside the settings that every stage shares (dataset, optimizer, seed, ...). */
export interface StageRecipe {
  /** The stage's own settings, as plain data. */
  readonly settings: unknown;
  /** Ids of the earlier stages whose outcome it builds on. */
  readonly after: readonly string[];
}

/**
 * The place of a stage in a training of several stages that follow one another. The learning-rate schedule and the shuffles count on
 * through them, each hands on its last weights, and after the last one `keep: best` goes back to the best epoch of all that
 * score every modality of the model.
 */
export interface TrainingPart {
  /** Epochs of the training before this stage. */
  readonly firstEpoch: number;
  /** Epochs of the whole training. */
  readonly epochs: number;
}

/** One stage of training: which variables move, by which loss, for how long. The loop itself is in train.ts. */
export interface Stage {
  /** `joint`, `unimodal:gray`, `follower:color`: kind and, where it has one, modality. */
  readonly id: string;
  /** Modalities whose branches are updated; they run forward in training mode. */
  readonly trains: readonly string[];
  /** Modalities that run once in evaluation mode instead of in every epoch. */
  readonly frozen: readonly string[];
  /** Variables that the stage's SGD updates, by name. */
  readonly variables: NamedVariables;
  /** Purpose of the fixed validation mini-batch that `beforeLoss` is given, if the stage wants one. */
  readonly probe?: string;
  /** Target (modality or `fusion`) whose validation accuracy selects the epoch. */
  readonly selectBy: string;
  readonly epochs: number;
  /** Where the stage is in a training that consists of several; absent: it is a training of its own. */
  readonly part?: TrainingPart;
  /** Modalities that take an optimizer step of their own, one after another, on every batch; absent: one step for all of `trains`. */
  readonly turns?: readonly (readonly string[])[];
  /** Makes the outcome shareable between runs; absent: this stage is trained in every run. */
  readonly recipe?: StageRecipe;
  /** The losses of a batch: pure, nothing is read back. `outputs` are those of `trains` (or of the turn), in training mode. */
  loss(outputs: Outputs, batch: Batch, at: StepPlace): LossTerms;
  /** Work before an epoch (from 0), outside the steps: may read back, look at whole splits, rehearse. Must be deterministic given the stage's state. */
  startEpoch?(epoch: number, tools: EpochTools): Promise<void>;
  /** Samples of the epoch, where they are not simply the training split. Asked after `startEpoch`. */
  entries?(epoch: number): EpochEntries | undefined;
  /** Work between the forward pass and the loss, e.g. the MI estimator's own update. */
  beforeLoss?(outputs: Outputs, batch: Batch, at: StepPlace): void;
  /** Tensors that `modulate` needs from the forward pass; on the tape, so a second gradient may be taken here (`gradientsOf`). */
  signals?(outputs: Outputs, batch: Batch, at: StepPlace): NamedTensors;
  /** Changes the gradients, by the names of `variables`, before the optimizer sees them. */
  modulate?(gradients: NamedTensors, signals: NamedTensors, at: StepPlace): NamedTensors;
  /** Logits of each modality for evaluation, where they are not the head's own. */
  unimodal?(outputs: Outputs): Readonly<Record<string, Tensor2D>>;
  /** Fused logits for evaluation, where they are not the model's fusion; of `frozen` and `trains`. */
  fused?(outputs: Outputs): Tensor2D;
  /** Scalars to read at the end of an epoch and to put into the journal, e.g. `alpha.consistency`, `coefficient.gray`. */
  readings?(): Readonly<Record<string, Tensor>>;
  /** Own variables and optimizer slots that a checkpoint must hold. */
  readonly state?: NamedVariables;
  dispose?(): void;
}

/** What of a stage a step needs. */
export type SteppedStage = Pick<Stage, 'trains' | 'variables' | 'part' | 'turns' | 'beforeLoss' | 'loss' | 'signals' | 'modulate'>;

/** The splits a method may look at between epochs; never the test split. */
export type VisibleSplit = 'train' | 'validation';

/** What a stage can do between two epochs, outside the steps. */
export interface EpochTools {
  readonly classes: number;
  /** Learning rate of the epoch. */
  readonly learningRate: number;
  /** Class of every sample of a split. */
  labels(split: VisibleSplit): ArrayLike<number>;
  /** Rows of the training batches of an epoch (from 0), in order, as if every sample were taken once. */
  batches(epoch: number): readonly Int32Array[];
  /**
   * Runs modalities in evaluation mode over `rows` of a split (all by default) and reads back what `select` makes of the
   * outputs, matrices [N, width]; row i belongs to `rows[i]`.
   */
  read(split: VisibleSplit, modalities: readonly string[], select: (outputs: Outputs) => Record<string, Tensor2D>, rows?: Int32Array): Promise<Record<string, Rows>>;
  /** Puts rows of splits on the device for `use`, one batch for each, which runs inside a tidy; the batches are freed afterwards. */
  withBatches<T extends TensorContainer>(
    parts: readonly { readonly split: VisibleSplit; readonly rows: Int32Array }[], modalities: readonly string[], use: (...batches: Batch[]) => T,
  ): Promise<T>;
  /**
   * Trains the model as it is now for some epochs on `trial` with a fresh optimizer at the current learning rate, calls
   * `measure`, and puts everything back as it was. Batches are those of the epochs to come.
   */
  rehearse<T>(trial: SteppedStage, epochs: number, measure: () => Promise<T>): Promise<T>;
}

/** What the loop reports to the generator when a stage is done: validation scores of the kept epoch by target. */
export interface StageResult {
  readonly stage: string;
  readonly keptEpoch: number;
  readonly validation: Readonly<Record<string, Scores>>;
}

/** What a method may use beside the model. */
export interface MethodContext {
  readonly hparams: Readonly<Record<string, unknown>>;
  readonly seed: number;
  epochs(stage: string): number;
  /** A random stream for one step: the same in every run with this seed, however often the run was interrupted. */
  random(purpose: string, at: Pick<StepPlace, 'epoch' | 'step'>): Random;
  /** Adds an event to the journal, unless a resumed run has it already. */
  emit(event: Extract<NewEvent, { type: 'anchor' | 'note' }>): void;
}

/** A stage that a run will have. */
export interface PlannedStage {
  readonly id: string;
  readonly epochs: number;
}

/**
 * A training method: a generator of stages, because what a later stage is may depend on the results of earlier ones.
 * The generator must be deterministic given the results, since a resumed run replays it.
 */
export interface Method {
  readonly id: string;
  readonly label: string;
  /** Paper, and where its formulas come from. */
  readonly source: string;
  /** Kinds of stages in the order in which they come. */
  readonly stageKinds: readonly string[];
  readonly hparams: HParamSpecs;
  /** How many modalities it takes, where not any number from 1 on, and why. */
  readonly modalities?: { readonly min?: number; readonly max?: number; readonly reason: string };
  /** Epochs of a stage kind that a run needs at least, for each modality, and why; absent: 1 whatever the modalities. */
  readonly budget?: { readonly stage: string; readonly perModality: number; readonly reason: string };
  /** Whether samples may lack a modality; a method that compares modalities sample by sample says nothing here and is refused then. */
  readonly missingModalities?: boolean;
  /** Whether all encoders must give equally many features, because one head serves all. */
  readonly equalFeatures?: boolean;
  /** Its own way to fuse, in place of the config's `model.fusion`, and the word for it in the journal. */
  readonly ownFusion?: string;
  /** All stages that a run has, for the number of epochs; modalities whose turn is not known yet stand in any order. */
  plan(modalities: readonly string[], hparams: Readonly<Record<string, unknown>>, epochs: (stage: string) => number): readonly PlannedStage[];
  stages(model: MultimodalModel, context: MethodContext): Generator<Stage, void, StageResult>;
}
