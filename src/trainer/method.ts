import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { HParamSpecs } from '../core/hparams.ts';
import type { NewEvent, Scores } from '../core/events.ts';
import type { Random } from '../core/random.ts';
import type { EpochTools } from './epochTools.ts';
import type { MultimodalModel, Outputs } from './model.ts';
import type { NamedTensors, NamedVariables } from './module.ts';

/** A mini-batch on the device. */
export interface Batch {
  readonly size: number;
  /** Inputs [B, ...shape] of the modalities that the stage runs forward. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Class of every sample, one-hot [B, C]. */
  readonly oneHot: Tensor2D;
  /** Outputs of the stage's frozen modalities and their fused logits; computed once per stage, constants. */
  readonly frozen?: { readonly outputs: Outputs; readonly fused: Tensor2D };
  /** What the stage said about these samples in `entries`, [B, width]. */
  readonly marks?: Tensor2D;
}

/**
 * Named losses of a batch: all are recorded, `total` is minimised. Where what is differentiated is not a loss that means
 * something by itself, it is returned as `surrogate` and is not recorded.
 */
export type LossTerms = { readonly total: Scalar; readonly surrogate?: Scalar } & Readonly<Record<string, Scalar>>;

/** Where in a stage a step is. All counts start from 0. */
export interface StepPlace {
  readonly epoch: number;
  /** Epochs of the stage. */
  readonly epochs: number;
  readonly step: number;
  /** Steps of this epoch. */
  readonly steps: number;
  /** Index into the stage's `turns`; 0 where it has none. */
  readonly turn: number;
  /** A fixed mini-batch of the validation split, of the size of a training batch; the same for the whole stage. */
  readonly probe?: Batch;
}

/** Samples of one epoch before they are shuffled: rows of the training split, each as often as it is listed. */
export interface EpochEntries {
  readonly rows: Int32Array;
  /** `width` numbers for every entry, row-major; a batch has them as `marks`. */
  readonly marks?: { readonly values: Float32Array; readonly width: number };
}

/** What determines the outcome of a stage beside the settings that every stage shares (dataset, optimizer, seed, ...). */
export interface StageRecipe {
  /** The stage's own settings, as plain data. */
  readonly settings: unknown;
  /** Ids of the earlier stages whose outcome it builds on. */
  readonly after: readonly string[];
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
  /** Epochs of the same training before this stage, which the learning-rate schedule counts on from. */
  readonly firstEpoch?: number;
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
  /** Its own way to fuse, in place of the config's `model.fusion`, and the word for it in the journal. */
  readonly ownFusion?: string;
  /** All stages that a run has, for the number of epochs; modalities whose turn is not known yet stand in any order. */
  plan(modalities: readonly string[], hparams: Readonly<Record<string, unknown>>, epochs: (stage: string) => number): readonly PlannedStage[];
  stages(model: MultimodalModel, context: MethodContext): Generator<Stage, void, StageResult>;
}
