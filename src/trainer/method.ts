import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { HParamSpecs } from '../core/hparams.ts';
import type { NewEvent, Scores } from '../core/events.ts';
import type { MultimodalModel, Outputs } from './model.ts';
import type { NamedVariables } from './module.ts';

/** A mini-batch on the device. */
export interface Batch {
  readonly size: number;
  /** Inputs [B, ...shape] of the modalities that the stage runs forward. */
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** Class of every sample, one-hot [B, C]. */
  readonly oneHot: Tensor2D;
  /** Outputs of the stage's frozen modalities and their fused logits; computed once per stage, constants. */
  readonly frozen?: { readonly outputs: Outputs; readonly fused: Tensor2D };
}

/** Named losses of a batch; `total` is what is minimised, the others are recorded. */
export type LossTerms = { readonly total: Scalar } & Readonly<Record<string, Scalar>>;

/** Where in an epoch a step is. */
export interface StepPlace {
  /** Counts from 0 in each epoch. */
  readonly step: number;
  /** A fixed mini-batch of the validation split, of the size of a training batch; the same for the whole stage. */
  readonly probe?: Batch;
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
  /** The losses of a batch: pure, nothing is read back. `outputs` are those of `trains`, in training mode. */
  loss(outputs: Outputs, batch: Batch): LossTerms;
  /** Work between the forward pass and the loss, e.g. the MI estimator's own update. */
  beforeLoss?(outputs: Outputs, batch: Batch, at: StepPlace): void;
  /** Logits of each modality for evaluation, where they are not the head's own. */
  unimodal?(outputs: Outputs): Readonly<Record<string, Tensor2D>>;
  /** Scalars to read at the end of an epoch, e.g. `alpha.consistency`. */
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
  /** Adds an event to the journal, unless a resumed run has it already. */
  emit(event: Extract<NewEvent, { type: 'anchor' | 'note' }>): void;
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
  /** Ids of all stages that a run has, for the number of epochs; modalities whose turn is not known yet stand in any order. */
  plan(modalities: readonly string[], hparams: Readonly<Record<string, unknown>>): readonly string[];
  stages(model: MultimodalModel, context: MethodContext): Generator<Stage, void, StageResult>;
}
