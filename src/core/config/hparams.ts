import { z } from 'zod';

/** Help, the source of the value where it has one (equation, paper or repo:path), and whether the key may be absent. */
interface Described {
  readonly help: string;
  readonly source?: string;
  readonly optional?: boolean;
}

/** A number with its range. `above` and `below` are exclusive bounds. */
export interface NumberSpec extends Described {
  readonly type: 'number';
  readonly default?: number;
  readonly integer?: boolean;
  readonly min?: number;
  readonly above?: number;
  readonly max?: number;
  readonly below?: number;
}

/** A text that names a file or folder; relative ones start from the folder of the config. With `mustBe`, it has to be there before anything is trained. */
interface PathSpec extends Described {
  readonly type: 'path';
  readonly mustBe?: 'folder' | 'file';
}

interface TextSpec extends Described {
  readonly type: 'text';
  readonly default?: string;
}

interface BooleanSpec extends Described {
  readonly type: 'boolean';
  readonly default?: boolean;
}

interface ChoiceSpec extends Described {
  readonly type: 'choice';
  readonly values: readonly string[];
  readonly default?: string;
}

/** One of the dataset's modalities, or of `choices`. */
interface ModalitySpec extends Described {
  readonly type: 'modality';
  readonly choices: readonly string[];
  readonly default: string;
}

/** Values of one kind, `min` of them at least. */
interface ListSpec extends Described {
  readonly type: 'list';
  readonly of: HParamSpec;
  readonly min?: number;
}

/** Settings by key in the place of a value. */
interface MapSpec extends Described {
  readonly type: 'map';
  readonly entries: HParamSpecs;
}

/** A value of one of several kinds. */
interface EitherSpec extends Described {
  readonly type: 'either';
  readonly of: readonly [HParamSpec, HParamSpec, ...HParamSpec[]];
  readonly default?: string | number | boolean;
}

/**
 * Type, default, range and help of one setting of a method or dataset, as plain data: the trainer's registries hold
 * them, `dist/catalog.json` carries them to the extension host, and both sides build the same zod schema from them.
 * A spec without a default is required, unless it is `optional`.
 */
export type HParamSpec = NumberSpec | TextSpec | PathSpec | BooleanSpec | ChoiceSpec | ModalitySpec | ListSpec | MapSpec | EitherSpec;

/** Settings by key, in the order in which help lists them. */
export type HParamSpecs = Readonly<Record<string, HParamSpec>>;

/** What a checked value of a spec is. */
export type ValueOf<Spec> =
  Spec extends { readonly type: 'number' } ? number
    : Spec extends { readonly type: 'boolean' } ? boolean
      : Spec extends { readonly type: 'choice'; readonly values: readonly (infer Value)[] } ? Value
        : Spec extends { readonly type: 'list'; readonly of: infer Of } ? readonly ValueOf<Of>[]
          : Spec extends { readonly type: 'map'; readonly entries: infer Entries } ? ValuesOf<Entries>
            : Spec extends { readonly type: 'either'; readonly of: readonly (infer Of)[] } ? ValueOf<Of>
              : Spec extends { readonly type: 'text' | 'path' | 'modality' } ? string
                : never;

type OptionalKeys<Specs> = { [Key in keyof Specs]: Specs[Key] extends { readonly optional: true } ? Key : never }[keyof Specs];

/** Checked settings of specs that are written `as const satisfies HParamSpecs`. */
export type ValuesOf<Specs> =
  & { readonly [Key in Exclude<keyof Specs, OptionalKeys<Specs>>]: ValueOf<Specs[Key]> }
  & { readonly [Key in OptionalKeys<Specs>]?: ValueOf<Specs[Key]> };

function numberSchema(spec: NumberSpec): z.ZodType {
  let schema = spec.integer ? z.int() : z.number();
  if (spec.min !== undefined) schema = schema.min(spec.min);
  if (spec.above !== undefined) schema = schema.gt(spec.above);
  if (spec.max !== undefined) schema = schema.max(spec.max);
  if (spec.below !== undefined) schema = schema.lt(spec.below);
  return schema;
}

function plainSchema(spec: HParamSpec): z.ZodType {
  switch (spec.type) {
    case 'number': return numberSchema(spec);
    case 'boolean': return z.boolean();
    case 'choice': return z.enum(spec.values as [string, ...string[]]);
    case 'text': case 'path': case 'modality': return z.string().min(1);
    case 'list': return z.array(schemaFor(spec.of)).min(spec.min ?? 0);
    case 'map': return z.strictObject(hparamShape(spec.entries));
    case 'either': return z.union(spec.of.map(schemaFor));
  }
}

function schemaFor(spec: HParamSpec): z.ZodType {
  const schema = plainSchema(spec);
  if (spec.optional) return schema.optional();
  return 'default' in spec && spec.default !== undefined ? schema.default(spec.default) : schema;
}

/** The zod shape of a set of settings; each key carries its help as description. */
export function hparamShape(specs: HParamSpecs): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(specs).map(([key, spec]) => [key, schemaFor(spec).describe(spec.help)]));
}

/** Keys that a value of this kind may have, where it may be a map. */
export function keysOf(spec: HParamSpec): readonly string[] {
  if (spec.type === 'map') return Object.keys(spec.entries);
  return spec.type === 'either' ? spec.of.flatMap(keysOf) : [];
}
