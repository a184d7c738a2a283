import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { UserError } from '../../core/errors.ts';
import { createRandom, type Random, seedFor } from '../../core/random.ts';
import { createLinear, type Linear } from './layers.ts';
import { countPresent, type Outputs, withoutAbsent } from './presence.ts';
import { prefixed, type Encoder, type EncoderKind, type EncoderSettings, type ForwardMode, type Input, type InputSpec, type Module, type NamedVariables, type Pass, type Pretrained } from './module.ts';

/** How the logits of the modalities become one prediction (methods.md 3.2). */
export type FusionKind = 'sum' | 'mean' | 'concat';
export const fusionKinds: readonly { readonly id: FusionKind; readonly label: string }[] = [
  { id: 'sum', label: 'Sum of the logits of all modalities' },
  { id: 'mean', label: 'Mean of the logits of all modalities' },
  { id: 'concat', label: 'One linear head on the concatenated features' },
];

export type { Outputs } from './presence.ts';

/** What a model is built from. */
export interface ModelOptions {
  readonly modalities: readonly (InputSpec & {
    readonly id: string;
    readonly encoder: EncoderKind;
    readonly settings?: EncoderSettings;
    /** Parts of the encoder that no stage trains, by the beginnings of their names (`conv1`, `layer1.0`). */
    readonly freeze?: readonly string[];
    /** What the encoder starts from, whenever its branch begins. */
    readonly pretrained?: Pretrained;
  })[];
  readonly classes: number;
  readonly fusion: FusionKind;
  readonly seed: number;
}

/** Maps features [B, d] to logits [B, C]. */
export interface Head extends Module {
  apply(features: Tensor2D): Tensor2D;
}

/** Joins the branches between the parts of their encoders: gets and returns their maps [B, ..., C_m] after part `index`. */
export interface Coupling extends Module {
  apply(maps: Readonly<Record<string, Tensor>>, index: number, mode: ForwardMode): Readonly<Record<string, Tensor>>;
}

/**
 * One forward pass of the model. Its dropout depends on the seed, the modality, the epoch and the step alone, so it is the same in
 * a resumed run, in a second pass of the same step, and in another stage that trains the same branch (as the batches are).
 */
export type ModelPass = { readonly mode: 'evaluate' } | { readonly mode: 'train' | 'probe'; readonly epoch: number; readonly step: number };

interface Branch {
  readonly encoder: Encoder;
  readonly head: Linear;
}

/** The head on concatenated features, and the order in which it takes them: that in which they were trained (UDI: anchor first). */
interface FusionHead {
  readonly order: readonly string[];
  readonly linear: Linear;
}

/**
 * One branch (encoder and linear head) for every modality, and a fusion. Branches are initialised from the run's seed
 * and the modality alone, so a branch that is created anew starts exactly as it did the first time.
 */
export class MultimodalModel {
  readonly modalities: readonly string[];
  private readonly branches = new Map<string, Branch>();
  /** By the set of modalities that they fuse (`setOf`). */
  private readonly fusionHeads = new Map<string, FusionHead>();
  private readonly attachments = new Map<string, Module>();
  private sharedHead: Head | undefined;
  private coupling: Coupling | undefined;

  readonly options: ModelOptions;

  constructor(options: ModelOptions) {
    this.options = options;
    this.modalities = options.modalities.map((modality) => modality.id);
    for (const modality of this.modalities) this.reset(modality);
  }

  /** Features and logits of the given modalities; `inputs` holds at least theirs. */
  forward(inputs: Readonly<Record<string, Input>>, pass: ModelPass, modalities: readonly string[] = this.modalities): Outputs {
    return withoutAbsent(this.classify(this.coupling
      ? this.encodeTogether(inputs, pass, this.coupling)
      : Object.fromEntries(modalities.map((modality) => [modality, this.branch(modality).encoder.apply(inputs[modality]!, this.passOf(modality, pass))]))), inputs);
  }

  /** Stands for a modality that is not there, as one sample: zeros, and a mask of zeros where the modality is masked. The caller disposes it. */
  absentInput(modality: string): Input {
    const { shape, dtype, masked } = this.optionsOf(modality);
    const lengths = shape.map((length) => length ?? 1);
    const values = tf.zeros([1, ...lengths], dtype ?? 'float32');
    return masked ? { values, mask: tf.zeros([1, lengths[0]!]) } : { values };
  }

  /** These features [B, d_m] with the logits that the heads give them. */
  classify(features: Readonly<Record<string, Tensor2D>>): Outputs {
    const logits = Object.entries(features).map(([modality, values]) => [modality, (this.sharedHead ?? this.branch(modality).head).apply(values)]);
    return { features, logits: Object.fromEntries(logits) as Record<string, Tensor2D> };
  }

  /**
   * Fused logits [B, C] of the given modalities, in whatever order they are named. A single modality is its own logits;
   * `concat` needs the fusion head of exactly these modalities (`createFusionHead`).
   */
  fuse(outputs: Outputs, modalities: readonly string[] = this.modalities): Tensor2D {
    if (modalities.length === 1) return outputs.logits[modalities[0]!]!;
    if (this.options.fusion === 'concat') {
      const { order, linear } = this.fusionHead(modalities);
      return linear.apply(tf.concat(order.map((modality) => outputs.features[modality]!), 1));
    }
    const sum = tf.addN(modalities.map((modality) => outputs.logits[modality]!));
    return this.options.fusion === 'mean' ? tf.div(sum, countPresent(outputs, modalities)) : sum;
  }

  /**
   * Each modality's share of the fused logits, [B, C]: its own logits for `sum` and `mean`; for `concat` its columns of
   * the fusion head with an equal part of the bias, so that the shares add up to the fused logits (methods.md 3.2).
   */
  shares(outputs: Outputs): Readonly<Record<string, Tensor2D>> {
    if (this.options.fusion !== 'concat' || this.modalities.length === 1) return outputs.logits;
    const { order, linear } = this.fusionHead(this.modalities);
    const { weight, bias } = linear.parameters as Readonly<Record<'weight' | 'bias', tf.Variable>>;
    const part = tf.div(bias, this.modalities.length);
    let from = 0;
    return Object.fromEntries(order.map((modality) => {
      const size = this.featureSize(modality);
      const columns = tf.slice(weight as Tensor as Tensor2D, [from, 0], [size, this.options.classes]);
      from += size;
      return [modality, tf.add(tf.matMul(outputs.features[modality]!, columns), part) as Tensor2D];
    }));
  }

  /**
   * Fused logits [B, C] of a subset of the modalities with the head of all of them: for `concat` the features that are
   * missing count as zeros and the full bias stays (methods.md 3.2).
   */
  fuseSubset(outputs: Outputs, subset: readonly string[]): Tensor2D {
    if (this.options.fusion !== 'concat' || this.modalities.length === 1) return this.fuse(outputs, subset);
    const features = Object.fromEntries(this.modalities.map((modality) => {
      const values = outputs.features[modality]!;
      return [modality, subset.includes(modality) ? values : tf.zerosLike(values)];
    }));
    return this.fuse({ features, logits: outputs.logits });
  }

  /** Adds a module of a method to the model, so that it is stored and freed with it; its variables get `name.` as prefix. */
  attach<M extends Module>(name: string, module: M): M {
    this.attachments.get(name)?.dispose();
    this.attachments.set(name, module);
    return module;
  }

  /** Puts one head for all modalities in the place of their own ones; its variables are named `head.…`. */
  shareHead(head: Head): void {
    this.sharedHead = this.attach('head', head);
  }

  /** Lets the encoders exchange information between their parts; from now on all modalities run forward together. */
  couple(coupling: Coupling): void {
    this.coupling = this.attach('coupling', coupling);
  }

  /** Parts of a modality's encoder (`Encoder.parts`). */
  encoderParts(modality: string): Encoder['parts'] {
    return this.branch(modality).encoder.parts;
  }

  /** Number of features of a modality. */
  featureSize(modality: string): number {
    return this.branch(modality).encoder.featureSize;
  }

  /** Initialises a branch anew, exactly as at the beginning. */
  reset(modality: string): void {
    const found = this.optionsOf(modality);
    this.disposeBranch(modality);
    const random = createRandom(seedFor(`init:${modality}`, this.options.seed));
    const created = found.encoder.create(found, found.settings ?? {}, random);
    found.pretrained?.load({ ...created.parameters, ...created.buffers });
    const encoder = withFrozen(created, found.freeze ?? [], modality);
    this.branches.set(modality, { encoder, head: createLinear(encoder.featureSize, this.options.classes, random) });
  }

  /** Creates the head that `concat` needs to fuse these modalities, with their features in this order; nothing to do for the other fusions. */
  createFusionHead(order: readonly string[]): void {
    if (this.options.fusion !== 'concat' || order.length < 2) return;
    this.fusionHeads.get(setOf(order))?.linear.dispose();
    const size = order.reduce((sum, modality) => sum + this.featureSize(modality), 0);
    const random = createRandom(seedFor(`init:fusion:${order.join('+')}`, this.options.seed));
    this.fusionHeads.set(setOf(order), { order: [...order], linear: createLinear(size, this.options.classes, random) });
  }

  /** Number of values in the parts of a modality's encoder that are frozen, running statistics aside. */
  frozenSize(modality: string): number {
    const { freeze = [] } = this.optionsOf(modality);
    const buffers = Object.entries(this.branch(modality).encoder.buffers).filter(([name]) => freeze.some((prefix) => name === prefix || name.startsWith(`${prefix}.`)));
    return buffers.filter(([, variable]) => variable.trainable).reduce((sum, [, variable]) => sum + variable.size, 0);
  }

  /** Trained variables of the encoder of a modality, named `encoder.…`. */
  encoderParameters(modality: string): NamedVariables {
    return prefixed('encoder', this.branch(modality).encoder.parameters);
  }

  /** Trained variables of a branch: `encoder.…` and `head.…` (the shared one, if there is one). */
  branchParameters(modality: string): NamedVariables {
    return { ...this.encoderParameters(modality), ...prefixed('head', (this.sharedHead ?? this.branch(modality).head).parameters) };
  }

  /**
   * All variables that the fused logits depend on, and those of attached modules, named as in `variables()`: encoders,
   * the heads of the modalities or in their place the fusion head or the shared one.
   */
  parameters(): NamedVariables {
    const ownHeads = !this.sharedHead && (this.options.fusion !== 'concat' || this.modalities.length === 1);
    const branches = this.modalities.map((modality) =>
      prefixed(modality, ownHeads ? this.branchParameters(modality) : this.encoderParameters(modality)));
    const attached = [...this.attachments].map(([name, module]) => prefixed(name, module.parameters));
    return Object.assign({}, ...branches, this.fusionParameters(this.modalities), ...attached);
  }

  /** Trained variables of the fusion head of these modalities; none unless the fusion is `concat`. */
  fusionParameters(modalities: readonly string[]): NamedVariables {
    const head = this.fusionHeads.get(setOf(modalities));
    return head ? prefixed('fusion', head.linear.parameters) : {};
  }

  /**
   * All variables of these modalities' branches, of the fusion heads and of attached modules, running statistics
   * included, named `gray.encoder.conv1.weight`, `gray.head.bias`, `fusion(gray+color).weight`.
   */
  variables(modalities: readonly string[] = this.modalities): NamedVariables {
    const all: Record<string, tf.Variable> = {};
    for (const modality of modalities) {
      const { encoder, head } = this.branch(modality);
      Object.assign(all, prefixed(`${modality}.encoder`, { ...encoder.parameters, ...encoder.buffers }));
      if (!this.sharedHead) Object.assign(all, prefixed(`${modality}.head`, head.parameters));
    }
    for (const { order, linear } of this.fusionHeads.values()) Object.assign(all, prefixed(`fusion(${order.join('+')})`, linear.parameters));
    for (const [name, module] of this.attachments) Object.assign(all, prefixed(name, { ...module.parameters, ...module.buffers }));
    return all;
  }

  dispose(): void {
    for (const modality of this.modalities) this.disposeBranch(modality);
    for (const { linear } of this.fusionHeads.values()) linear.dispose();
    for (const module of this.attachments.values()) module.dispose();
  }

  /** Runs all encoders part by part, with the coupling after every part. */
  private encodeTogether(inputs: Readonly<Record<string, Input>>, pass: ModelPass, coupling: Coupling): Record<string, Tensor2D> {
    let maps: Readonly<Record<string, Tensor>> = Object.fromEntries(this.modalities.map((modality) => [modality, inputs[modality]!.values]));
    const passes = new Map(this.modalities.map((modality) => [modality, this.passOf(modality, pass)]));
    const depth = Math.max(...this.modalities.map((modality) => this.encoderParts(modality).length));
    for (let index = 0; index < depth; index++) {
      // The features of an encoder with fewer parts wait for the others.
      maps = Object.fromEntries(this.modalities.map((modality) => [modality,
        this.encoderParts(modality)[index]?.apply({ ...inputs[modality], values: maps[modality]! }, passes.get(modality)!) ?? maps[modality]!]));
      maps = coupling.apply(maps, index, pass.mode);
    }
    return maps as Record<string, Tensor2D>;
  }

  private passOf(modality: string, pass: ModelPass): Pass {
    if (pass.mode === 'evaluate') return { mode: 'evaluate', random: noRandom };
    return { mode: pass.mode, random: createRandom(seedFor(`dropout:${modality}:${pass.epoch}:${pass.step}`, this.options.seed)) };
  }

  private optionsOf(modality: string): ModelOptions['modalities'][number] {
    const found = this.options.modalities.find((each) => each.id === modality);
    if (!found) throw new Error(`No modality ${modality}`);
    return found;
  }

  private branch(modality: string): Branch {
    const branch = this.branches.get(modality);
    if (!branch) throw new Error(`No modality ${modality}`);
    return branch;
  }

  private fusionHead(modalities: readonly string[]): FusionHead {
    const head = this.fusionHeads.get(setOf(modalities));
    if (!head) throw new Error(`No fusion head for ${modalities.join('+')}`);
    return head;
  }

  private disposeBranch(modality: string): void {
    const branch = this.branches.get(modality);
    branch?.encoder.dispose();
    branch?.head.dispose();
  }
}

/** A text that is the same for the same modalities in any order. */
function setOf(modalities: readonly string[]): string {
  return modalities.toSorted().join('+');
}

/** The same encoder with some of its parameters among what is only stored; their running statistics go on. */
function withFrozen(encoder: Encoder, prefixes: readonly string[], modality: string): Encoder {
  if (prefixes.length === 0) return encoder;
  const covers = (prefix: string, name: string): boolean => name === prefix || name.startsWith(`${prefix}.`);
  const names = Object.keys(encoder.parameters);
  const unknown = prefixes.filter((prefix) => !names.some((name) => covers(prefix, name)));
  if (unknown.length > 0) {
    throw new UserError(`model.encoder.freeze: the encoder of ${modality} has nothing named ${unknown.join(', ')}.`,
      `It has: ${[...new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))))].join(', ')}.`);
  }
  const part = (frozen: boolean): NamedVariables =>
    Object.fromEntries(Object.entries(encoder.parameters).filter(([name]) => prefixes.some((prefix) => covers(prefix, name)) === frozen));
  return { ...encoder, parameters: part(false), buffers: { ...part(true), ...encoder.buffers } };
}

function noDraw(): never {
  throw new Error('An evaluation draws no random numbers');
}

const noRandom: Random = { uniform: noDraw, normal: noDraw, integer: noDraw, shuffle: noDraw };
