import { z } from 'zod';

/** Help and, where a value has one, the source (equation, paper or repo:path). */
interface Described {
  readonly help: string;
  readonly source?: string;
}

/** A number with its range. `above` is an exclusive lower bound. */
export interface NumberSpec extends Described {
  readonly type: 'number';
  readonly default?: number;
  readonly integer?: boolean;
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly below?: number;
}

/**
 * Type, default, range and help of one setting of a method or dataset, as plain data: the trainer's registries hold
 * them, `dist/catalog.json` carries them to the extension host, and both sides build the same zod schema from them.
 * A spec without a default is required, unless it is `optional`.
 */
export type HParamSpec =
  | NumberSpec
  | (Described & { readonly type: 'boolean'; readonly default: boolean })
  | (Described & { readonly type: 'choice'; readonly values: readonly string[]; readonly default: string })
  /** A path; with `mustBe`, of something that has to be there before anything is trained. */
  | (Described & { readonly type: 'path'; readonly optional?: boolean; readonly mustBe?: 'folder' | 'file' })
  | (Described & { readonly type: 'modality'; readonly choices: readonly string[]; readonly default: string })
  | (Described & { readonly type: 'optionalNumber'; readonly number: NumberSpec })
  /** An optional map of optional numbers; a default of one of them is not used. */
  | (Described & { readonly type: 'numbers'; readonly numbers: Readonly<Record<string, NumberSpec>> })
  | (Described & { readonly type: 'choiceOrNumbers'; readonly choices: readonly string[]; readonly numbers: Readonly<Record<string, NumberSpec>>; readonly default: string });

/** Settings by key, in the order in which help lists them. */
export type HParamSpecs = Readonly<Record<string, HParamSpec>>;

function numberSchema(spec: NumberSpec): z.ZodType<number> {
  let schema = spec.integer ? z.int() : z.number();
  if (spec.min !== undefined) schema = schema.min(spec.min);
  if (spec.above !== undefined) schema = schema.gt(spec.above);
  if (spec.max !== undefined) schema = schema.max(spec.max);
  if (spec.below !== undefined) schema = schema.lt(spec.below);
  return schema;
}

function withDefault<T>(schema: z.ZodType<T>, value: T | undefined): z.ZodType<T | undefined> {
  return value === undefined ? schema : schema.default(value as never);
}

function schemaFor(spec: HParamSpec): z.ZodType {
  switch (spec.type) {
    case 'number': return withDefault(numberSchema(spec), spec.default);
    case 'boolean': return z.boolean().default(spec.default);
    case 'choice': return z.enum(spec.values as [string, ...string[]]).default(spec.default);
    case 'path': return spec.optional ? z.string().min(1).optional() : z.string().min(1);
    case 'modality': return z.string().min(1).default(spec.default);
    case 'optionalNumber': return numberSchema(spec.number).optional();
    case 'numbers': return z.strictObject(mapValues(spec.numbers, (each) => numberSchema(each).optional())).optional();
    case 'choiceOrNumbers': {
      const numbers = z.strictObject(mapValues(spec.numbers, numberSchema));
      return z.union([z.enum(spec.choices as [string, ...string[]]), numbers]).default(spec.default);
    }
  }
}

function mapValues<V, R>(record: Readonly<Record<string, V>>, map: (value: V) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** The zod shape of a set of settings; each key carries its help as description. */
export function hparamShape(specs: HParamSpecs): Record<string, z.ZodType> {
  return mapValues(specs, (spec) => schemaFor(spec).describe(spec.help));
}
