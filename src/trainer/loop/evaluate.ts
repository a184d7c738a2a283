import { FUSION } from '../../core/run/targets.ts';
import type { Dataset, Split } from '../data/dataset.ts';
import type { FrozenModalities } from './frozen.ts';
import type { Stage } from '../methods/method.ts';
import type { MultimodalModel } from '../model/model.ts';
import { mergeOutputs } from '../model/presence.ts';
import { readSplit } from './readSplit.ts';

/** What is evaluated: modalities, whether their fusion too, and how, where a stage does not leave it to the model. */
export interface Evaluated extends Pick<Stage, 'unimodal' | 'fused'> {
  readonly modalities: readonly string[];
  readonly fusion: boolean;
  readonly frozen?: FrozenModalities | undefined;
}

/**
 * Logits of the targets on a split in evaluation mode, each flat [N, C]: those of every modality that is not frozen, of
 * the frozen ones from what was computed before, and `fusion` if asked for. A stage with logits of its own has the last word.
 */
export async function evaluateLogits(
  model: MultimodalModel, dataset: Dataset, split: Split, what: Evaluated, between: () => Promise<void>,
): Promise<Record<string, Float32Array>> {
  const stored = what.frozen?.stored ?? { features: {}, logits: {} };
  const known = Object.keys(stored.logits);
  const live = what.modalities.filter((modality) => !known.includes(modality));
  const parts = await readSplit(model, dataset, split, live, (outputs, rows) => {
    const all = what.frozen ? mergeOutputs(what.frozen.storedFor(rows), outputs) : outputs;
    const shown = what.unimodal ? what.unimodal(all) : outputs.logits;
    const own = Object.fromEntries((what.unimodal ? what.modalities : live).map((modality) => [modality, shown[modality]!]));
    return what.fusion ? { ...own, [FUSION]: what.fused ? what.fused(all) : model.fuse(all, what.modalities) } : own;
  }, between);
  const frozen = Object.fromEntries(known.map((modality) => [modality, stored.logits[modality]!]));
  return Object.fromEntries(Object.entries({ ...frozen, ...parts }).map(([target, rows]) => [target, rows.values]));
}
