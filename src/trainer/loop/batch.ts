import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import type { Outputs } from '../model/model.ts';
import type { Input } from '../model/module.ts';

/** A mini-batch on the device. */
export interface Batch {
  readonly size: number;
  /** Inputs of the modalities that the stage runs forward. */
  readonly inputs: Readonly<Record<string, Input>>;
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

/** A matrix [N, width] in ordinary memory, row-major. */
export interface Rows {
  readonly values: Float32Array;
  readonly width: number;
}
