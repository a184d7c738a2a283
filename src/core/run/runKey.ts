import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { Catalog } from '../config/catalog.ts';
import { configShapes, type RunConfig } from '../config/config.ts';
import { mapPaths } from '../config/paths.ts';
import { storedPaths } from './runPaths.ts';

/** Computes the key of a config whose paths are absolute or start in `workspace`. */
export type RunKeys = (config: RunConfig, workspace: string) => string;

/**
 * Keys of configs: hashes (hex SHA-256) of everything that determines the result, so all but the name, and the device, which only
 * decides how fast it is computed. Only what differs from the catalogue's defaults is hashed, and paths as they are stored, so a
 * new key with a default, a config that leaves defaults out, and a workspace in another place change nothing; nor does the order of keys.
 */
export function runKeys(catalog: Catalog): RunKeys {
  const shapes: Readonly<Record<string, z.ZodType>> = configShapes(catalog).top;
  const known = new Map<string, string>();
  const sectionText = (name: string, value: unknown): string => {
    const text = `${name} ${JSON.stringify(value)}`;
    const found = known.get(text) ?? canonicalJson(differences(shapes[name], value) ?? {});
    known.set(text, found);
    return found;
  };
  return (config, workspace) => {
    const { name: _, device: __, training: { seed, ...training }, ...others } = storedPaths(config, catalog, workspace);
    const sections = Object.entries({ ...others, training })
      .map(([name, value]) => [name, sectionText(name, value)] as const)
      .filter(([, text]) => text !== '{}');
    return createHash('sha256').update(canonicalJson({ ...Object.fromEntries(sections), seed })).digest('hex');
  };
}

/**
 * Whether two complete configs, perhaps of different versions, agree in every key that both have, but for name, device and paths.
 * With equal keys it says that no default has changed between the versions; a key that only one of them has is new.
 */
export function sameWhereBothSay(a: RunConfig, b: RunConfig, catalog: Catalog): boolean {
  const compared = (config: RunConfig) => {
    const { name: _, device: __, ...rest } = mapPaths(config, catalog, () => '');
    return rest;
  };
  return agree(compared(a), compared(b));
}

/** JSON with the keys of every map sorted, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (isMap(each)
    ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
    : each));
}

/** The least part of a value from which its schema makes the whole again; all of it if it does not fit the schema, undefined if nothing is needed. */
function differences(schema: z.ZodType | undefined, value: unknown): unknown {
  const whole = schema?.safeParse(value);
  if (!schema || !whole?.success) return value;
  const suffices = (part: unknown): boolean => {
    const { success, data } = schema.safeParse(part);
    return success && isDeepStrictEqual(data, whole.data);
  };
  if (suffices(undefined)) return undefined;
  return pathsIn(whole.data).reduce<unknown>((kept, path) => {
    const less = without(kept, path);
    return suffices(less) ? less : kept;
  }, whole.data);
}

/** Paths of all values in nested maps, outer ones first. */
function pathsIn(value: unknown): string[][] {
  if (!isMap(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[key], ...pathsIn(inner).map((path) => [key, ...path])]);
}

function without(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (!isMap(value) || key === undefined || !Object.hasOwn(value, key)) return value;
  if (rest.length > 0) return { ...value, [key]: without(value[key], rest) };
  return Object.fromEntries(Object.entries(value).filter(([each]) => each !== key));
}

function agree(a: unknown, b: unknown): boolean {
  if (isMap(a) && isMap(b)) return Object.keys(a).every((key) => !Object.hasOwn(b, key) || agree(a[key], b[key]));
  return isDeepStrictEqual(a, b);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
