import { z } from 'zod';
import type { Catalog } from './catalog.ts';
import { hparamShape } from './hparams.ts';
import { trainingShape } from './training.ts';

/** The `model:` keys. */
function modelShape(catalog: Catalog) {
  const forms = [z.enum(ids(catalog.encoders)), union(catalog.encoders, (encoder) => hparamShape(encoder.settings))] as const;
  return {
    // `encoderForm` names these three by their places.
    encoder: z.union([...forms, z.record(z.string(), z.union(forms))]).optional()
      .describe("Encoder of all modalities, by its name or as a map with its name and settings; or a map from modality to either. The dataset's own choice if absent."),
    fusion: z.enum(ids(catalog.fusions)).default('sum').describe('How the logits of the modalities become one prediction.'),
  };
}

/** Names of runs may be this long. */
export const MAX_NAME = 120;

/** Shapes of the objects a config consists of, by path: what the schema and the "did you mean" of an error share. */
export function configShapes(catalog: Catalog) {
  return {
    top: {
      name: z.string().min(1).max(MAX_NAME).describe('Name of the run, as shown in lists.'),
      dataset: union(catalog.datasets, (dataset) => hparamShape(dataset.settings)).describe('What is trained on.'),
      model: z.strictObject(modelShape(catalog)).prefault({}).describe('Encoders and fusion.'),
      method: union(catalog.methods, (method) => hparamShape(method.hparams)).describe('How it is trained.'),
      training: z.strictObject(trainingShape).describe('Optimizer, epochs and seed.'),
      device: z.enum(['auto', ...ids(catalog.devices)]).default('auto').describe('Backend that computes.'),
    },
    model: modelShape(catalog),
    training: trainingShape,
  };
}

/** The one schema of `*.udi.yaml`; all defaults are in it or in the settings of the methods and datasets. */
export function configSchema(catalog: Catalog) {
  return z.strictObject(configShapes(catalog).top);
}

const encoderForms = [z.string(), z.looseObject({ name: z.string() })] as const;

/**
 * A checked config with every default filled in, as it is stored in a run folder. Keys of `dataset` and `method` beside
 * `name` are theirs; they were checked against the catalogue when the run was created and are only read back here.
 */
export const runConfigSchema = z.object({
  name: z.string(),
  dataset: z.looseObject({ name: z.string() }),
  model: z.object({ encoder: z.union([...encoderForms, z.record(z.string(), z.union(encoderForms))]).optional(), fusion: z.string() }),
  method: z.looseObject({ name: z.string() }),
  training: z.object(trainingShape),
  device: z.string(),
});
export type RunConfig = z.infer<typeof runConfigSchema>;

/** Which of its three forms a value of `model.encoder` has: a name, a map with name and settings, or a map from modality to one of these. */
export function encoderForm(value: unknown): 0 | 1 | 2 {
  if (typeof value !== 'object' || value === null) return 0;
  return 'name' in value ? 1 : 2;
}

/** Name and settings that a config chooses for a modality's encoder, the dataset's name for it if it chooses none. */
export function encoderChoice(modality: string, chosen: RunConfig['model']['encoder'], otherwise: string): { readonly name: string; readonly settings: Readonly<Record<string, unknown>> } {
  const choice = encoderForm(chosen) === 2 ? (chosen as Readonly<Record<string, typeof chosen>>)[modality] ?? otherwise : chosen ?? otherwise;
  if (typeof choice === 'string') return { name: choice, settings: {} };
  const { name, ...settings } = choice as { readonly name: string };
  return { name, settings };
}

function ids(entries: readonly { id: string }[]): [string, ...string[]] {
  return entries.map((entry) => entry.id) as [string, ...string[]];
}

function union<E extends { id: string; label: string }>(entries: readonly E[], shape: (entry: E) => Record<string, z.ZodType>) {
  const options = entries.map((entry) => z.strictObject({ name: z.literal(entry.id).describe(entry.label), ...shape(entry) }));
  return z.discriminatedUnion('name', options as never) as unknown as z.ZodType<{ name: string }>;
}
