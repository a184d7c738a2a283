import { z } from 'zod';
import type { HParamSpecs } from './hparams.ts';

const specs = z.record(z.string(), z.looseObject({ type: z.string(), help: z.string() }))
  .transform((value) => value as unknown as HParamSpecs);
const entry = { id: z.string(), label: z.string(), source: z.string() };

/** What exists: written by `trainer --catalog` at build time, read by the extension host. */
export const catalogSchema = z.object({
  version: z.string(),
  methods: z.array(z.object({ ...entry, stages: z.array(z.string()), hparams: specs })),
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
