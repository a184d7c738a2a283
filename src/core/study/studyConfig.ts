import { z } from 'zod';
import type { Catalog } from '../config/catalog.ts';
import { presetIds, type PresetId } from './studyPlan.ts';
import type { Path } from '../config/yamlProblems.ts';

const seeds = z.array(z.int().min(0)).min(1).meta({ uniqueItems: true });
const changes = z.record(z.string(), z.unknown());

/** What may be said of a preset; `methods` has `only` beside it. */
const presetShape = { seeds: seeds.optional().describe('Seeds of this table, in place of those of the study.') };

/** Names of runs are made of it and need room for row and seed. */
export const MAX_STUDY_NAME = 60;

/** The keys of a study file: what the schema and the "did you mean" of an error share. */
export function studyShape(catalog: Catalog) {
  const methodIds = catalog.methods.map((method) => method.id) as [string, ...string[]];
  const presets = {
    methods: z.strictObject({
      ...presetShape,
      only: z.array(z.enum(methodIds)).min(1).meta({ uniqueItems: true }).optional()
        .describe('Methods to compare; all of the catalogue if absent.'),
    }).optional().describe('One row for every method (Table 1 of the paper).'),
    components: z.strictObject(presetShape).optional()
      .describe('Decoupled optimisation (DO) and dynamic controller (DC), with and without (Table 2).'),
    alpha: z.strictObject(presetShape).optional()
      .describe('UDI with fixed loss weights and with dynamic ones (Table 3).'),
    anchor: z.strictObject(presetShape).optional()
      .describe('UDI with each modality as the anchor, and with the one chosen on validation (Table 4).'),
  } satisfies Record<PresetId, z.ZodType>;
  return {
    name: z.string().min(1).max(MAX_STUDY_NAME).describe('Name of the study; that of the file if absent.'),
    base: z.union([z.string().min(1), z.record(z.string(), z.unknown())])
      .describe('The config that all runs start from: a path relative to this file, or the keys of a config.'),
    set: changes.default({}).describe('Changes of the base by dotted key, e.g. training.epochs: 3.'),
    seeds: seeds.optional().describe('Seeds that every row is trained with; that of the base if absent.'),
    presets: z.union([z.array(z.enum(presetIds)).min(1).meta({ uniqueItems: true }), z.strictObject(presets)]).default({})
      .describe('Tables of the paper: a list of names, or a map from name to its own seeds.'),
    grid: z.record(z.string(), z.array(z.unknown()).min(1).meta({ uniqueItems: true })).optional()
      .describe('Values by dotted key; every combination of them is one row of a table.'),
    methods: z.strictObject(Object.fromEntries(catalog.methods.map(({ id, label }) => [id, changes.optional().describe(label)])))
      .default({}).describe('Changes for the runs of one method, by method and dotted key.'),
    parallel: z.int().min(1).optional()
      .describe('Runs side by side; as many as physical cores on a CPU, and 1 on a GPU, if absent.'),
  };
}

/** The one schema of `*.udi-study.yaml`; what the base, the values and the dotted keys mean is checked when the study is expanded. */
export function studySchema(catalog: Catalog) {
  return z.strictObject(studyShape(catalog));
}

/** What a study file says. */
export interface StudyConfig {
  readonly name: string;
  readonly base: string | Readonly<Record<string, unknown>>;
  readonly set: Readonly<Record<string, unknown>>;
  readonly seeds?: readonly number[];
  readonly presets: readonly PresetId[] | Readonly<Partial<Record<PresetId, PresetOptions>>>;
  readonly grid?: Readonly<Record<string, readonly unknown[]>>;
  /** Changes by method. */
  readonly methods: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  readonly parallel?: number;
}

/** What a study may say of one preset. */
export interface PresetOptions {
  readonly seeds?: readonly number[];
  readonly only?: readonly string[];
}

/** The presets of a study in the order of the paper's tables, and where each stands in the file. */
export function presetsOf({ presets }: Pick<StudyConfig, 'presets'>): { readonly id: PresetId; readonly options: PresetOptions; readonly at: Path }[] {
  return presetIds.flatMap((id) => {
    if (isList(presets)) return presets.includes(id) ? [{ id, options: {}, at: ['presets', presets.indexOf(id)] }] : [];
    const options = presets[id];
    return options ? [{ id, options, at: ['presets', id] }] : [];
  });
}

function isList(presets: StudyConfig['presets']): presets is readonly PresetId[] {
  return Array.isArray(presets);
}
