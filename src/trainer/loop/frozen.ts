import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Dataset, Split } from '../data/dataset.ts';
import type { Batch, Rows } from './batch.ts';
import { type FrozenSource, pickRows } from './batches.ts';
import type { MultimodalModel } from '../model/model.ts';
import { mergeOutputs, type Outputs } from '../model/presence.ts';
import type { Input } from '../model/module.ts';
import { readSplit } from './readSplit.ts';

/** Outputs of some modalities on a whole split, kept in ordinary memory; row i belongs to sample i. */
interface StoredOutputs {
  readonly features: Readonly<Record<string, Rows>>;
  readonly logits: Readonly<Record<string, Rows>>;
}

/**
 * The outputs of a stage's frozen modalities on a split. Where the input is the same in every epoch they are computed once and
 * kept in ordinary memory; the others run live, in evaluation mode, on the inputs of each batch, as augmented as the followers'.
 */
export class FrozenModalities implements FrozenSource {
  /** Modalities whose inputs a batch must hold. */
  readonly live: readonly string[];

  private constructor(private readonly split: Split, private readonly modalities: readonly string[], readonly stored: StoredOutputs, private readonly fused: Rows | undefined) {
    this.live = modalities.filter((modality) => !(modality in stored.logits));
  }

  /** Runs what can be stored over the split. `augmented`: whether the split will be read as for training. */
  static async create(
    model: MultimodalModel, dataset: Dataset, split: Split, modalities: readonly string[], augmented: boolean, between: () => Promise<void>,
  ): Promise<FrozenModalities> {
    const stored = modalities.filter((modality) => !augmented || !dataset.modalities.find(({ id }) => id === modality)!.augments);
    if (stored.length === 0) return new FrozenModalities(split, modalities, { features: {}, logits: {} }, undefined);
    const complete = stored.length === modalities.length;
    const parts = await readSplit(model, dataset, split, stored, (outputs) => ({
      ...named('features', outputs.features), ...named('logits', outputs.logits), ...(complete ? { fused: model.fuse(outputs, modalities) } : {}),
    }), between);
    const of = (kind: string) => Object.fromEntries(stored.map((modality) => [modality, parts[`${kind}.${modality}`]!]));
    return new FrozenModalities(split, modalities, { features: of('features'), logits: of('logits') }, parts['fused']);
  }

  /** What is stored of these rows, on the device. */
  storedFor(rows: Int32Array): Outputs {
    const pick = (source: Readonly<Record<string, Rows>>) =>
      Object.fromEntries(Object.entries(source).map(([modality, values]) => [modality, pickRows(values, rows)]));
    const present = Object.keys(this.stored.logits).flatMap((modality) => {
      const values = this.split.present?.(modality);
      return values ? [[modality, pickRows({ values: Float32Array.from(values), width: 1 }, rows)]] : [];
    });
    return { features: pick(this.stored.features), logits: pick(this.stored.logits), ...(present.length > 0 ? { present: Object.fromEntries(present) as Outputs['features'] } : {}) };
  }

  /** Outputs of all frozen modalities for a batch, constants; `inputs` hold those of the live ones. */
  outputsFor(model: MultimodalModel, rows: Int32Array, inputs: Readonly<Record<string, Input>>): NonNullable<Batch['frozen']> {
    const stored = this.storedFor(rows);
    const outputs = this.live.length > 0 ? mergeOutputs(stored, model.forward(inputs, { mode: 'evaluate' }, this.live)) : stored;
    return { outputs, fused: this.fused ? pickRows(this.fused, rows) : model.fuse(outputs, this.modalities) };
  }
}

function named(prefix: string, record: Readonly<Record<string, Tensor2D>>): Record<string, Tensor2D> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [`${prefix}.${name}`, value]));
}
