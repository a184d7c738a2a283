import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { HParamSpecs } from '../../core/config/hparams.ts';
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

/** What inputs of a modality look like, without the batch axis, channel last. */
export interface InputSpec {
  /** `null` is an axis whose length differs from batch to batch (the longest sample of the batch; the others are padded). */
  readonly shape: readonly (number | null)[];
  /** `int32` for ids of tokens; absent: `float32`. */
  readonly dtype?: 'float32' | 'int32';
  /** Whether inputs come with a mask of their first axis. */
  readonly masked?: boolean;
}

/** Inputs of one modality: `values` [B, ...shape] and, for a masked one, `mask` [B, length], float32: 1 where the first axis has content, 0 where it is padding. */
export type Input = {
  readonly values: Tensor;
  readonly mask?: Tensor2D;
  /** [B, 1], float32: 1 for samples that have the modality, 0 for those that lack it (their values are zeros); absent: all have it. */
  readonly present?: Tensor2D;
};

/** One forward pass of one modality. `random` is for dropout; in `evaluate` it must not be drawn from, and throws. */
export interface Pass {
  readonly mode: ForwardMode;
  readonly random: Random;
}

/** A piece of an encoder: maps values [B, ...] to [B, ..., channels], channel last. The mask is that of the encoder's input. */
export interface EncoderPart {
  readonly channels: number;
  apply(input: Input, pass: Pass): Tensor;
}

/** Maps one modality's input to features [B, featureSize]. A sample whose mask is all 0 has features too (a modality that is absent), and finite ones. */
export interface Encoder extends Module {
  readonly featureSize: number;
  apply(input: Input, pass: Pass): Tensor2D;
  /** The same map cut at the places where branches can be coupled; one after another they are `apply`, and the last one ends in the features. */
  readonly parts: readonly EncoderPart[];
}

/** Settings of an encoder, checked against its specs. */
export type EncoderSettings = Readonly<Record<string, unknown>>;

/** Pre-trained weights of an encoder in a file. */
export interface Pretrained {
  readonly path: string;
  /** Of the whole file, hex. */
  readonly sha256: string;
  /** Names in the file that the last `load` had no use for. */
  readonly unused: readonly string[];
  /** Gives all variables their values, running statistics included; throws a `UserError` that lists what is missing or of another shape. */
  load(variables: NamedVariables): void;
}

/** One entry of the encoder registry. */
export interface EncoderKind {
  readonly id: string;
  readonly label: string;
  /** Paper and repo:path where the architecture and its initialisation come from. */
  readonly source: string;
  /** The keys of `model.encoder` beside those that all encoders have; default, range and help stand here and nowhere else. */
  readonly settings: HParamSpecs;
  /** Undefined if such inputs fit, else a sentence that says what is wanted. */
  refuses(input: InputSpec): string | undefined;
  /** Features that the encoder will give with these settings, without creating it. */
  featureSize(input: InputSpec, settings: EncoderSettings): number;
  /** Creates the encoder with freshly initialised variables for inputs that it does not refuse; `random` is the only source of randomness. */
  create(input: InputSpec, settings: EncoderSettings, random: Random): Encoder;
}

/** The axes' lengths, where all of them are fixed; undefined if one varies. */
export function fixedShape({ shape }: InputSpec): readonly number[] | undefined {
  return shape.every((length) => length !== null) ? shape : undefined;
}

/** Tensors or variables by name. */
export type NamedTensors = Readonly<Record<string, Tensor>>;
export type NamedVariables = Readonly<Record<string, Variable>>;

/** The same record with `prefix.` before every name. */
export function prefixed<T>(prefix: string, record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [`${prefix}.${name}`, value]));
}
