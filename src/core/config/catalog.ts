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
    /** Its own way to fuse, in place of `model.fusion`. */
    ownFusion: z.string().optional(),
  })),
  datasets: z.array(z.object({
    ...entry,
    settings: specs,
    /** Ids of the modalities, where they do not depend on the settings. */
    modalities: z.array(z.string()).optional(),
  })),
  encoders: z.array(z.object(entry)),
  fusions: z.array(z.object({ id: z.string(), label: z.string() })),
  devices: z.array(z.object({ id: z.string(), label: z.string() })),
});

/** Methods, datasets, encoders, fusions and devices by id, with their settings. */
export type Catalog = z.infer<typeof catalogSchema>;

/** A method that does not go with the rest of a config: the key to change, and what is wrong with it. */
export interface MethodRefusal {
  readonly key: 'method.name' | 'model.fusion';
  readonly message: string;
}

/** Why a method cannot train these modalities with this fusion; undefined if it can. */
export function methodRefusal(
  { label, modalities: limits, ownFusion }: Pick<Catalog['methods'][number], 'label' | 'modalities' | 'ownFusion'>,
  modalities: readonly string[], fusion: string,
): MethodRefusal | undefined {
  const { min = 1, max = Infinity, reason = '' } = limits ?? {};
  if (modalities.length < min || modalities.length > max) {
    const wanted = min === max ? `exactly ${min}` : modalities.length < min ? `at least ${min}` : `at most ${max}`;
    return { key: 'method.name', message: `${label} takes ${wanted} modalities, not ${modalities.length} (${modalities.join(', ')}): ${reason}` };
  }
  if (ownFusion !== undefined && fusion === 'concat') {
    return { key: 'model.fusion', message: `${label} fuses in its own way (${ownFusion}), so there is nothing to concatenate. Remove the key.` };
  }
  return undefined;
}
