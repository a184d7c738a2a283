import { z } from 'zod';
import type { Catalog } from '../../core/catalog.ts';
import { configSchema } from '../../core/config.ts';
import type { HParamSpec } from '../../core/hparams.ts';

/** The part of JSON Schema that zod writes for a config. */
interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
}

/** A key that may stand in a config. */
export interface KeyHelp {
  readonly key: string;
  readonly help: string;
  /** Range, choices and default, as a phrase; may be empty. */
  readonly detail: string;
  readonly source?: string | undefined;
  readonly required: boolean;
  /** Whether its value is a map. */
  readonly isMap: boolean;
}

/** A value that a key may have. */
export interface ValueHelp {
  readonly value: string;
  readonly help: string;
}

/** `name` of the dataset and of the method that the config chooses, which decide what other keys there are. */
export interface Choices {
  readonly dataset?: string | undefined;
  readonly method?: string | undefined;
}

/** Answers what may stand where in a config, from the one schema that also checks it. */
export class ConfigHelp {
  readonly #root: JsonSchema;

  constructor(private readonly catalog: Catalog) {
    this.#root = z.toJSONSchema(configSchema(catalog), { io: 'input' }) as JsonSchema;
  }

  /** Keys of the map at `path`. */
  keys(path: readonly string[], choices: Choices): KeyHelp[] {
    const found = new Map<string, KeyHelp>();
    for (const schema of this.#at(path, choices)) {
      for (const [key, property] of Object.entries(schema.properties ?? {})) {
        const spec = this.#spec([...path, key], choices);
        found.set(key, {
          key,
          help: property.description ?? (key === 'name' ? `Name of the ${path.at(-1) ?? 'run'}.` : ''),
          detail: detailOf(property),
          source: spec?.source,
          required: schema.required?.includes(key) ?? false,
          isMap: options(property).every((option) => option.properties),
        });
      }
    }
    for (const key of this.#namedKeys(path, choices)) {
      if (!found.has(key)) found.set(key, { key, help: '', detail: '', required: false, isMap: false });
    }
    return [...found.values()];
  }

  /** What is known about one key. */
  key(path: readonly string[], choices: Choices): KeyHelp | undefined {
    return this.keys(path.slice(0, -1), choices).find((each) => each.key === path.at(-1));
  }

  /** Values that can be listed for the key at `path`; none for numbers and texts. */
  values(path: readonly string[], choices: Choices): ValueHelp[] {
    const parents = this.#at(path.slice(0, -1), path.at(-1) === 'name' ? {} : choices);
    const schemas = parents.flatMap((parent) => options(parent.properties?.[path.at(-1) ?? ''] ?? {}));
    const listed = schemas.flatMap((schema): ValueHelp[] => {
      if (schema.const !== undefined) return [{ value: String(schema.const), help: schema.description ?? '' }];
      if (schema.type === 'boolean') return ['true', 'false'].map((value) => ({ value, help: '' }));
      return (schema.enum ?? []).map((value) => ({ value: String(value), help: this.#labelOf(path, String(value)) }));
    });
    const spec = this.#spec(path, choices);
    const named = spec?.type === 'modality' ? [...spec.choices, ...this.#modalities(choices)] : [];
    const known = new Set(listed.map((each) => each.value));
    return [...listed, ...named.filter((value) => !known.has(value)).map((value) => ({ value, help: '' }))];
  }

  /** The schemas that the map at `path` may follow: a chosen `name` leaves one of several. */
  #at(path: readonly string[], choices: Choices): JsonSchema[] {
    let schemas: JsonSchema[] = [this.#root];
    for (const [depth, key] of path.entries()) {
      schemas = schemas.flatMap((schema) => options(schema.properties?.[key] ?? {}));
      const chosen = depth === 0 && (key === 'dataset' || key === 'method') ? choices[key] : undefined;
      const named = schemas.filter((schema) => schema.properties?.['name']?.const === chosen);
      if (chosen !== undefined && named.length > 0) schemas = named;
    }
    return schemas;
  }

  /** Keys of maps whose keys are names: stages that get epochs, modalities that get an encoder. */
  #namedKeys(path: readonly string[], choices: Choices): string[] {
    if (path.join('.') === 'model.encoder') return [...this.#modalities(choices)];
    if (path.join('.') !== 'training.epochs') return [];
    return ['default', ...(this.catalog.methods.find((method) => method.id === choices.method)?.stages ?? [])];
  }

  #modalities({ dataset }: Choices): readonly string[] {
    return this.catalog.datasets.find((each) => each.id === dataset)?.modalities ?? [];
  }

  #spec([section, key = '', ...deeper]: readonly string[], choices: Choices): HParamSpec | undefined {
    const specs = section === 'dataset' ? this.catalog.datasets.find((each) => each.id === choices.dataset)?.settings
      : section === 'method' ? this.catalog.methods.find((each) => each.id === choices.method)?.hparams : undefined;
    return deeper.length === 0 ? specs?.[key] : undefined;
  }

  #labelOf(path: readonly string[], id: string): string {
    const entries = path[0] === 'device' ? this.catalog.devices : path[1] === 'fusion' ? this.catalog.fusions
      : path[1] === 'encoder' ? this.catalog.encoders : [];
    return entries.find((entry) => entry.id === id)?.label ?? '';
  }
}

function options(schema: JsonSchema): JsonSchema[] {
  const several = schema.anyOf ?? schema.oneOf;
  return several ? several.flatMap(options) : [schema];
}

function detailOf(schema: JsonSchema): string {
  const parts: string[] = [];
  const choices = options(schema).flatMap((option) => option.enum ?? []);
  if (choices.length > 0) parts.push(`one of ${choices.map(String).join(', ')}`);
  const [number] = options(schema).filter((option) => option.type === 'number' || option.type === 'integer');
  if (number) parts.push(`${number.type === 'integer' ? 'whole number' : 'number'}${rangeText(number)}`);
  if (schema.default !== undefined) {
    parts.push(`default ${typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)}`);
  }
  return parts.join('; ');
}

function rangeText(schema: JsonSchema): string {
  const limits = [
    schema.minimum !== undefined && schema.minimum > Number.MIN_SAFE_INTEGER ? `at least ${schema.minimum}` : '',
    schema.exclusiveMinimum !== undefined ? `above ${schema.exclusiveMinimum}` : '',
    schema.maximum !== undefined && schema.maximum < Number.MAX_SAFE_INTEGER ? `at most ${schema.maximum}` : '',
    schema.exclusiveMaximum !== undefined ? `below ${schema.exclusiveMaximum}` : '',
  ].filter((limit) => limit !== '');
  return limits.length > 0 ? `, ${limits.join(', ')}` : '';
}
