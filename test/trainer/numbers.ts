import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { chooseBackend } from '../../src/trainer/backends/index.ts';
import { skipFor } from '../skip.ts';
import { fixturesFolder } from './fixtures.ts';

/** A suite over one golden fixture; skipped, with the file's name as the reason, where it is absent. */
export function describeWithFixture<T>(name: string, suite: (read: () => T) => void): void {
  const file = join(fixturesFolder, `${name}.json`);
  if (existsSync(file)) describe(name, () => suite(() => JSON.parse(readFileSync(file, 'utf8')) as T));
  else describe(name, skipFor(`the golden numbers ${file} are absent (UDI_FIXTURES)`), () => { it('compares with the reference', () => undefined); });
}

/**
 * Every number within `tolerance` of the expected one, relative to it or, if it is small, to a tenth of the largest one.
 * `floor` is an absolute difference that is always allowed: float32 rounding where the exact value is 0.
 */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string, floor = 1e-10): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (let index = 0; index < expected.length; index++) {
    const allowed = Math.max(tolerance * Math.abs(expected[index]!), tolerance * scale * 0.1, floor);
    if (!(Math.abs(actual[index]! - expected[index]!) <= allowed)) {
      expect.fail(`${what}[${index}]: ${actual[index]} instead of ${expected[index]} (allowed difference ${allowed})`);
    }
  }
}

const repository = resolve(import.meta.dirname, '../..');
/** Where the backends find their files when they are run from source. */
export const search = { folders: [repository], distFolder: resolve(repository, 'dist') };

/** Runs the suite on a backend as the trainer sets it up. */
export function useBackend(id: 'cpu' | 'wasm'): void {
  beforeAll(async () => {
    await chooseBackend(id, search);
  });
}
