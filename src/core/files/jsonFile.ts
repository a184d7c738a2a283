import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { z } from 'zod';
import { toJson } from './jsonNumbers.ts';

/** The checked value of a JSON text; undefined if it is no JSON or something else than asked for. */
export function parseJson<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The checked content of a JSON file; undefined if it cannot be read, too. */
export function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  try {
    return parseJson(readFileSync(file, 'utf8'), schema);
  } catch {
    return undefined;
  }
}

/**
 * Replaces a JSON file in one step (temporary name, flush, rename): a crash leaves the old content or the new one. Numbers that are not
 * finite are written as `measuredNumber` reads them.
 */
export function writeJson(file: string, value: unknown): void {
  const temporary = `${file}.tmp`;
  try {
    const handle = openSync(temporary, 'w');
    try {
      writeFileSync(handle, `${toJson(value, 2)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
