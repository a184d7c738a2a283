import { createHash } from 'node:crypto';
import type { RunConfig } from '../config/config.ts';

/**
 * Hash (hex SHA-256) of everything in a config that determines the result: all of it but the name, and the device, which only
 * decides how fast it is computed. The paths of the dataset must be absolute; the order of keys does not matter.
 */
export function runKey(config: RunConfig): string {
  const { name: _, device: __, ...rest } = config;
  return createHash('sha256').update(canonicalJson(rest)).digest('hex');
}

/** JSON with the keys of every map sorted, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (isMap(each)
    ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
    : each));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
