import type { z } from 'zod';
import type { Catalog } from './catalog.ts';
import { configSchema } from './config.ts';
import { applyChanges, isNameOfSection } from './configChanges.ts';
import { UserError } from '../errors.ts';
import { readYamlValue, valueAt, type Finding } from './yamlProblems.ts';

/** One change of a config from the command line. */
export interface Override {
  /** As it was given: `training.epochs=5`. */
  readonly text: string;
  /** Dotted key. */
  readonly key: string;
  readonly value: unknown;
}

/**
 * Reads `key=value` texts (`--set`) as changes of `input`, a config that is not checked yet. Where the key takes texts only (names, paths),
 * the value is the text as it stands but for spaces around it, unless it is quoted; elsewhere it is YAML.
 * @throws UserError that says of every text that cannot be read exactly what is wrong with it
 */
export function readOverrides(texts: readonly string[], input: unknown, catalog: Catalog): Override[] {
  const wrong: string[] = [];
  const say = (text: string, message: string) => {
    wrong.push(`--set ${text}: ${message}`);
    return [];
  };
  const parts = texts.flatMap((text) => {
    const split = text.indexOf('=');
    const [key, value] = split < 0 ? ['', ''] : [text.slice(0, split).trim(), text.slice(split + 1).trim()];
    if (key === '') return say(text, 'This is not of the form key=value, e.g. training.epochs=5.');
    if (key.split('.').includes('')) return say(text, `The key "${key}" has an empty part. Write it as in training.epochs, with one dot between two parts.`);
    return value === '' ? say(text, 'There is no value after the =.') : [{ text, key, value }];
  });
  // Which settings there are depends on these names, whatever the order.
  const names = parts.filter(({ key }) => isNameOfSection(key.split('.')));
  const named = applyChanges(input, Object.fromEntries(names.map(({ key, value }) => [key, value])));
  const schema = configSchema(catalog);
  const overrides = parts.flatMap(({ text, key, value }) => {
    const isText = wantsText(schema, key.split('.'), named);
    if (isText && !/^["']/.test(value)) return [{ text, key, value }];
    const read = readYamlValue(value);
    if (read.message !== undefined) return say(text, read.message);
    return isText && typeof read.value !== 'string' ? say(text, 'Quote the whole value, or nothing of it.') : [{ text, key, value: read.value }];
  });
  if (wrong.length > 0) throw new UserError(wrong.join('\n'), 'A value is read after the shell has taken its quotes away; one that needs quotes is in both: --set \'name="run #3"\'.');
  return overrides;
}

/** The input with the values of the overrides. Of one key the last counts; otherwise the order does not matter, names of sections go first. */
export function applyOverrides(input: unknown, overrides: readonly Override[]): unknown {
  return applyChanges(input, Object.fromEntries(overrides.map(({ key, value }) => [key, value])));
}

/** The override that a finding is about: of its key, of a map around it, of a part of it, or of the name that its section depends on. */
export function overrideOf({ path }: Finding, overrides: readonly Override[], input: unknown): Override | undefined {
  const found = path.join('.');
  const last = (about: (override: Override) => boolean) => overrides.findLast(about);
  return last(({ key }) => found === key || found.startsWith(`${key}.`))
    ?? last(({ key }) => key.startsWith(`${found}.`))
    ?? last(({ key, value }) => isNameOfSection(key.split('.')) && found.startsWith(key.slice(0, -'name'.length)) && valueAt(input, key.split('.')) !== value);
}

/** Whether everything that the schema takes at `path` is a text. `value` is what stands there, which decides between sections by name. */
function wantsText(schema: z.core.$ZodType, path: readonly string[], value: unknown): boolean {
  const kinds = schemasAt(schema, path, value).map(({ _zod: { def } }) => def);
  return kinds.length > 0 && kinds.every((def) => def.type === 'string' || def.type === 'enum'
    || (def.type === 'literal' && def.values.every((each) => typeof each === 'string')));
}

/** The alternatives of the schema at `path`; none if it knows no such key. */
function schemasAt(schema: z.core.$ZodType, path: readonly string[], value: unknown): z.core.$ZodTypes[] {
  const known = schema as z.core.$ZodTypes;
  const { def } = known._zod;
  const [key, ...rest] = path;
  switch (def.type) {
    case 'default': case 'prefault': case 'optional': case 'nullable': case 'readonly': return schemasAt(def.innerType, path, value);
    case 'union': return chosen(def.options, value).flatMap((option) => schemasAt(option, path, value));
    case 'object': {
      if (key === undefined) return [known];
      const inner = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
      return inner ? schemasAt(inner, rest, valueAt(value, [key])) : [];
    }
    case 'record': return key === undefined ? [known] : schemasAt(def.valueType, rest, valueAt(value, [key]));
    default: return key === undefined ? [known] : [];
  }
}

/** The alternatives with the name that `value` has, or all. */
function chosen(options: readonly z.core.$ZodType[], value: unknown): readonly z.core.$ZodType[] {
  const name = valueAt(value, ['name']);
  const named = options.filter((option) => {
    const { def } = (option as z.core.$ZodTypes)._zod;
    const own = def.type === 'object' ? (def.shape['name'] as z.core.$ZodTypes | undefined)?._zod.def : undefined;
    return own?.type === 'literal' && own.values.some((each) => each === name);
  });
  return named.length > 0 ? named : options;
}
