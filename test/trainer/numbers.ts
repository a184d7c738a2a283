import * as tf from '@tensorflow/tfjs-core';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { backends } from '../../src/trainer/backends/index.ts';
import { beforeAll, describe, expect, it } from 'vitest';

/** A tensor of the golden fixtures: flat, row major, in PyTorch's layout. */
export interface FixtureTensor {
  readonly shape: number[];
  readonly data: number[];
}

const folder = process.env['UDI_FIXTURES'] ?? resolve(import.meta.dirname, '../../../shared/fixtures');

/** A suite over one golden fixture; skipped with a message that names the file where it is absent. */
export function describeWithFixture<T>(name: string, suite: (read: () => T) => void): void {
  const file = join(folder, `${name}.json`);
  if (existsSync(file)) suite(() => JSON.parse(readFileSync(file, 'utf8')) as T);
  else describe.skip(`${file} is absent (set UDI_FIXTURES)`, () => { it('compares with the reference', () => undefined); });
}

/** The tensor in our layout: images NCHW → NHWC, convolutions OIHW → HWIO, linear weights [out, in] → [in, out] (`weight`). */
export function toTensor({ shape, data }: FixtureTensor, weight = false): tf.Tensor {
  return tf.tidy(() => {
    const tensor = tf.tensor(data, shape);
    if (shape.length === 4) return tf.transpose(tensor, weight ? [2, 3, 1, 0] : [0, 2, 3, 1]);
    return weight && shape.length === 2 ? tf.transpose(tensor) : tensor;
  });
}

/** Every number within `tolerance` of the expected one, relative to it or to the largest of them (for those near 0). */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Array.from(expected).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  for (let index = 0; index < expected.length; index++) {
    const allowed = tolerance * Math.max(Math.abs(expected[index]!), scale * 0.01, 1e-6);
    if (!(Math.abs(actual[index]! - expected[index]!) <= allowed)) {
      expect.fail(`${what}[${index}]: ${actual[index]} instead of ${expected[index]} (allowed difference ${allowed})`);
    }
  }
}

/** Runs the suite on a backend as the trainer sets it up. */
export function useBackend(id: 'cpu' | 'wasm'): void {
  beforeAll(async () => {
    await backends.find((each) => each.id === id)!.activate({ folders: [resolve(import.meta.dirname, '../..')], distFolder: resolve(import.meta.dirname, '../../dist') });
  });
}
