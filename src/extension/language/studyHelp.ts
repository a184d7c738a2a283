import { z } from 'zod';
import type { Catalog } from '../../core/config/catalog.ts';
import { studySchema } from '../../core/study/studyConfig.ts';
import type { ConfigHelp } from './configSchema.ts';
import { describeKey, listedValues, options, type Choices, type DocumentHelp, type JsonSchema, type KeyHelp, type ValueHelp } from './schemaHelp.ts';

/**
 * Answers what may stand where in a study: its own keys from the schema that also checks it; below `base` and for the
 * dotted keys of `set`, `grid` and `methods` what may stand in a config.
 */
export class StudyHelp implements DocumentHelp {
  readonly root = ['base'];
  readonly #root: JsonSchema;

  constructor(catalog: Catalog, private readonly config: ConfigHelp) {
    this.#root = z.toJSONSchema(studySchema(catalog), { io: 'input' }) as JsonSchema;
  }

  keys(path: readonly string[], choices: Choices): KeyHelp[] {
    if (path[0] === 'base') return this.config.keys(path.slice(1), choices);
    const changed = changesAt(path, choices);
    if (changed) {
      const keys = changed.inside.length === 0 ? this.#dotted(changed.choices) : this.config.keys(changed.inside, changed.choices);
      return keys.map((key) => ({ ...key, beyondSchema: true }));
    }
    return this.#at(path).flatMap((schema) =>
      Object.entries(schema.properties ?? {}).map(([key, property]) => describeKey(key, property, schema)));
  }

  values(path: readonly string[], choices: Choices): ValueHelp[] {
    if (path[0] === 'base') return this.config.values(path.slice(1), choices);
    const changed = changesAt(path, choices);
    if (changed) return this.config.values(changed.inside, changed.choices).map((value) => ({ ...value, beyondSchema: true }));
    const last = path.at(-1) ?? '';
    return this.#at(path.slice(0, -1)).flatMap((schema) => listedValues(schema.properties?.[last] ?? {}));
  }

  #at(path: readonly string[]): JsonSchema[] {
    return path.reduce<JsonSchema[]>(
      (schemas, key) => schemas.flatMap((schema) => options(schema.properties?.[key] ?? {})), options(this.#root));
  }

  /** Every value of a config by its dotted key, e.g. `training.epochs`. */
  #dotted(choices: Choices, path: readonly string[] = []): KeyHelp[] {
    return this.config.keys(path, choices).flatMap((key) => {
      const inner = [...path, key.key];
      return key.isMap ? this.#dotted(choices, inner) : [{ ...key, key: inner.join('.'), required: false }];
    });
  }
}

/** The place in a config that a place below `set`, `grid` or `methods.<id>` stands for; undefined elsewhere. */
function changesAt(path: readonly string[], choices: Choices): { inside: readonly string[]; choices: Choices } | undefined {
  const [section, ...rest] = path;
  const inside = (keys: readonly string[]) => keys.flatMap((key) => key.split('.'));
  if (section === 'set' || section === 'grid') return { inside: inside(rest), choices };
  const [method, ...keys] = rest;
  return section === 'methods' && method !== undefined ? { inside: inside(keys), choices: { ...choices, method } } : undefined;
}
