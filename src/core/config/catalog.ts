import { z } from 'zod';
import type { HParamSpecs } from './hparams.ts';

const specs = z.record(z.string(), z.looseObject({ type: z.string(), help: z.string() }))
  .transform((value) => value as unknown as HParamSpecs);
const entry = { id: z.string(), label: z.string(), source: z.string() };

/** What exists: written by `trainer --catalog` at build time, read by the extension host. */
export const catalogSchema = z.object({
  version: z.string(),
  methods: z.array(z.object({
    ...entry,
    stages: z.array(z.string()),
    hparams: specs,
    /** How many modalities it takes, where not any number, and why. */
    modalities: z.object({ min: z.int().optional(), max: z.int().optional(), reason: z.string() }).optional(),
    /** Epochs of a stage kind that a run needs at least for each modality, and why. */
    budget: z.object({ stage: z.string(), perModality: z.int(), reason: z.string() }).optional(),
    /** Its own way to fuse, in place of `model.fusion`. */
    ownFusion: z.string().optional(),
  })),
  datasets: z.array(z.object({
    ...entry,
    settings: specs,
    /** Ids of the modalities, where they do not depend on the settings. */
    modalities: z.array(z.string()).optional(),
  })),
  encoders: z.array(z.object({ ...entry, settings: specs })),
  fusions: z.array(z.object({ id: z.string(), label: z.string() })),
  devices: z.array(z.object({ id: z.string(), label: z.string() })),
});

/** Methods, datasets, encoders, fusions and devices by id, with their settings. */
export type Catalog = z.infer<typeof catalogSchema>;

/** A method that does not go with the rest of a config: the key to change, and what is wrong with it. */
export interface MethodRefusal {
  readonly key: 'method.name' | 'model.fusion' | 'training.epochs';
  readonly message: string;
}

/** Why a method cannot train these modalities with this fusion for so many epochs (`epochs` of a stage kind); undefined if it can. */
export function methodRefusal(
  { label, modalities: limits, budget, ownFusion }: Pick<Catalog['methods'][number], 'label' | 'modalities' | 'budget' | 'ownFusion'>,
  modalities: readonly string[], { fusion, epochs }: { readonly fusion: string; readonly epochs: (stage: string) => number | undefined },
): MethodRefusal | undefined {
  const { min = 1, max = Infinity, reason = '' } = limits ?? {};
  if (modalities.length < min || modalities.length > max) {
    const wanted = min === max ? `exactly ${min}` : modalities.length < min ? `at least ${min}` : `at most ${max}`;
    return { key: 'method.name', message: `${label} takes ${wanted} modalities, not ${modalities.length} (${modalities.join(', ')}): ${reason}` };
  }
  if (ownFusion !== undefined && fusion === 'concat') {
    return { key: 'model.fusion', message: `${label} fuses in its own way (${ownFusion}), so there is nothing to concatenate. Remove the key.` };
  }
  const given = budget && epochs(budget.stage);
  const needed = (budget?.perModality ?? 0) * modalities.length;
  if (budget && given !== undefined && given < needed) {
    return { key: 'training.epochs', message: `${label} needs at least ${needed} epochs for ${modalities.length} modalities, not ${given}: ${budget.reason}.` };
  }
  return undefined;
}
