import { z } from 'zod';
import type { Catalog } from '../../core/config/catalog.ts';
import { configSchema } from '../../core/config/config.ts';
import type { HParamSpec } from '../../core/config/hparams.ts';
import {
  describeKey, listedValues, options, propertiesOf, type Choices, type DocumentHelp, type JsonSchema, type KeyHelp, type ValueHelp,
} from './schemaHelp.ts';

/** Answers what may stand where in a config, from the one schema that also checks it. */
export class ConfigHelp implements DocumentHelp {
  readonly root = [];
  readonly #root: JsonSchema;

  constructor(private readonly catalog: Catalog) {
    this.#root = z.toJSONSchema(configSchema(catalog), { io: 'input' }) as JsonSchema;
  }

  /** Keys of the map at `path`. */
  keys(path: readonly string[], choices: Choices): KeyHelp[] {
    const found = new Map<string, KeyHelp>();
    for (const schema of this.#at(path, choices)) {
      for (const [key, property] of Object.entries(schema.properties ?? {})) {
        // Which settings an encoder has is known when it is named.
        if (isEncoder(path) && key !== 'name' && choices.encoder?.(path) === undefined) continue;
        const spec = this.#spec([...path, key], choices);
        const described = describeKey(key, property, schema);
        const help = described.help || (key === 'name' ? `Name of the ${path.at(-1) ?? 'run'}.` : '');
        found.set(key, { ...described, help, source: spec?.source });
      }
    }
    for (const key of this.#namedKeys(path, choices)) {
      if (!found.has(key)) found.set(key, { key, help: '', detail: '', required: false, isMap: false, beyondSchema: true });
    }
    return [...found.values()];
  }

  /** Values that can be listed for the key at `path`; none for numbers and texts. */
  values(path: readonly string[], choices: Choices): ValueHelp[] {
    const parents = this.#at(path.slice(0, -1), path.at(-1) === 'name' ? {} : choices);
    const listed = propertiesOf(parents, path.at(-1) ?? '').flatMap(listedValues)
      .map(({ value, help }) => ({ value, help: help || this.#labelOf(path, value) }));
    const spec = this.#spec(path, choices);
    const named = spec?.type === 'modality' ? [...spec.choices, ...this.#modalities(choices)] : [];
    const known = new Set(listed.map((each) => each.value));
    return [...listed, ...named.filter((value) => !known.has(value)).map((value) => ({ value, help: '', beyondSchema: true }))];
  }

  /** The schemas that the map at `path` may follow: a chosen `name` leaves one of several. */
  #at(path: readonly string[], choices: Choices): JsonSchema[] {
    let schemas: JsonSchema[] = [this.#root];
    for (const [depth, key] of path.entries()) {
      schemas = propertiesOf(schemas, key).flatMap(options);
      const place = path.slice(0, depth + 1);
      const chosen = depth === 0 && (key === 'dataset' || key === 'method') ? choices[key] : isEncoder(place) ? choices.encoder?.(place) : undefined;
      const named = schemas.filter((schema) => schema.properties?.['name']?.const === chosen);
      if (chosen !== undefined && named.length > 0) schemas = named;
    }
    return schemas;
  }

  /** Keys of maps whose keys are names: stages that get epochs, modalities that get an encoder. */
  #namedKeys(path: readonly string[], choices: Choices): string[] {
    if (path.join('.') === 'model.encoder') return choices.encoder?.(path) === undefined ? [...this.#modalities(choices)] : [];
    if (path.join('.') !== 'training.epochs') return [];
    return ['default', ...(this.catalog.methods.find((method) => method.id === choices.method)?.stages ?? [])];
  }

  #modalities({ dataset }: Choices): readonly string[] {
    return this.catalog.datasets.find((each) => each.id === dataset)?.modalities ?? [];
  }

  #spec(path: readonly string[], choices: Choices): HParamSpec | undefined {
    const [section, key = '', ...deeper] = path;
    const map = path.slice(0, -1);
    if (isEncoder(map)) return this.catalog.encoders.find((each) => each.id === choices.encoder?.(map))?.settings[path.at(-1)!];
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

/** Whether an encoder may stand at `path`: `model.encoder`, or below it that of a modality. */
function isEncoder(path: readonly string[]): boolean {
  return path[0] === 'model' && path[1] === 'encoder' && path.length <= 3;
}
