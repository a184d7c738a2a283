import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';

/**
 * How a forward pass treats normalisation statistics.
 * - `train`: batch statistics, and the running ones are updated;
 * - `probe`: batch statistics, the running ones stay as they are (extra passes inside one step, e.g. the controller);
 * - `evaluate`: running statistics.
 */
export type ForwardMode = 'train' | 'probe' | 'evaluate';

/** Variables of one part of a model by name. `parameters` are trained, `buffers` (running statistics) are only stored. */
export interface Module {
  readonly parameters: Readonly<Record<string, Variable>>;
  readonly buffers: Readonly<Record<string, Variable>>;
  dispose(): void;
}

/** A piece of an encoder: maps [B, ...] to [B, ..., channels], channel last. */
export interface EncoderPart {
  readonly channels: number;
  apply(input: Tensor, mode: ForwardMode): Tensor;
}

/** Maps one modality's input [B, ...shape] to features [B, featureSize]. */
export interface Encoder extends Module {
  readonly featureSize: number;
  apply(input: Tensor, mode: ForwardMode): Tensor2D;
  /** The same map cut at the places where branches can be coupled; one after another they are `apply`, and the last one ends in the features. */
  readonly parts: readonly EncoderPart[];
}

/** One entry of the encoder registry. */
export interface EncoderKind {
  readonly id: string;
  readonly label: string;
  /** Paper and repo:path where the architecture and its initialisation come from. */
  readonly source: string;
  /** Undefined if inputs of this shape (without the batch axis, channel last) fit, else a sentence that says what is wanted. */
  refuses(shape: readonly number[]): string | undefined;
  /** Creates the encoder with freshly initialised variables; `random` is the only source of randomness. */
  create(shape: readonly number[], random: Random): Encoder;
}

/** Tensors or variables by name. */
export type NamedTensors = Readonly<Record<string, Tensor>>;
export type NamedVariables = Readonly<Record<string, Variable>>;

/** The same record with `prefix.` before every name. */
export function prefixed<T>(prefix: string, record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [`${prefix}.${name}`, value]));
}
