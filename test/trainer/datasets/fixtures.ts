import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, expect } from 'vitest';
import { z } from 'zod';
import { UserError } from '../../../src/core/errors.ts';
import { hparamShape } from '../../../src/core/config/hparams.ts';
import { createRandom } from '../../../src/core/random.ts';
import type { Dataset, DatasetContext, DatasetKind, Split } from '../../../src/trainer/data/dataset.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** The folder with real data and fixtures; undefined on a machine that has none. */
export const sharedData = [path.resolve(repository, process.env['UDI_SHARED'] ?? '../shared', 'data')]
  .find((folder) => existsSync(path.join(folder, 'mnist')) && existsSync(path.join(folder, 'cgmnist')));

const opened: Dataset[] = [];
afterAll(() => Promise.all(opened.map((dataset) => dataset.close?.())));
const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** A new empty folder below the system's temporary one; removed when the test file has run. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'udi-datasets-'));
  made.push(folder);
  return folder;
}

/** The bytes of an idx file of unsigned bytes. */
export function idxBytes(shape: readonly number[], data: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  bytes.set([0, 0, 0x08, shape.length]);
  shape.forEach((length, axis) => new DataView(bytes.buffer).setUint32(4 + 4 * axis, length));
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}

/** Rows and classes of the small MNIST-like files that `writeMnist` makes: sorted by class and not balanced. */
export const smallCounts = {
  train: [30, 34, 30, 31, 29, 27, 30, 32, 29, 28],
  t10k: [10, 12, 10, 10, 10, 9, 10, 10, 10, 9],
} as const;

/** The classes of the rows of one of the small files. */
export function smallLabels(name: keyof typeof smallCounts): number[] {
  return smallCounts[name].flatMap((count, digit) => new Array<number>(count).fill(digit));
}

/** Writes four MNIST-like files with few random images; those of the test set plain, the others compressed. */
export async function writeMnist(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ['train', 't10k'] as const) {
    const labels = smallLabels(name);
    const random = createRandom(name.length);
    const pixels = Uint8Array.from({ length: labels.length * 784 }, () => random.integer(256));
    const files = {
      [`${name}-images-idx3-ubyte`]: idxBytes([labels.length, 28, 28], pixels),
      [`${name}-labels-idx1-ubyte`]: idxBytes([labels.length], labels),
    };
    for (const [file, bytes] of Object.entries(files)) {
      const compressed = name === 'train';
      await writeFile(path.join(folder, compressed ? `${file}.gz` : file), compressed ? gzipSync(bytes) : bytes);
    }
  }
}

/** A context of a loader that nobody cancels. */
export function contextWith(more: Partial<DatasetContext> & Pick<DatasetContext, 'settings'>): DatasetContext {
  return { folder: tmpdir(), seed: 0, distFolder: path.join(repository, 'dist'), signal: new AbortController().signal, onProgress: () => undefined, ...more };
}

/** Loads with the given settings over the defaults, as a checked config would. */
export async function loadDataset(kind: DatasetKind, given: Record<string, unknown> = {}, seed = 0): Promise<Dataset> {
  const dataset = await kind.load(contextWith({ settings: completeSettings(kind, given), seed }));
  opened.push(dataset);
  return dataset;
}

/** The given settings with every default filled in; throws for unknown keys and values out of range. */
export function completeSettings(kind: DatasetKind, given: Record<string, unknown> = {}): Record<string, unknown> {
  return z.strictObject(hparamShape(kind.settings)).parse(given);
}

/** All row numbers of a split. */
export function allRows(split: Split): Int32Array {
  return Int32Array.from({ length: split.size }, (_, row) => row);
}

/** Inputs of rows (all by default) in one modality, as they are without augmentation. */
export async function valuesOf(split: Split, modality: string, rows = allRows(split)): Promise<Float32Array> {
  const { inputs, release } = await split.read(rows, [modality], 'clean');
  const values = Float32Array.from(inputs[modality]!.values);
  release?.();
  return values;
}

/** SHA-256 of the inputs of each row over all modalities. */
export async function rowDigests(dataset: Dataset, split: Split): Promise<string[]> {
  const digests: string[] = [];
  for (const row of allRows(split)) {
    const { inputs, release } = await split.read(Int32Array.of(row), dataset.modalities.map(({ id }) => id), 'clean');
    const hash = createHash('sha256');
    for (const { id } of dataset.modalities) hash.update(inputs[id]!.values).update(String(inputs[id]!.present?.[0] ?? 1));
    digests.push(hash.digest('hex'));
    release?.();
  }
  return digests;
}

/** How many samples of each class a list of labels holds. */
export function countClasses(labels: Iterable<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const label of labels) counts[label]!++;
  return counts;
}

/** Expects a `UserError` with a hint, whose message contains all the given texts. */
export async function expectUserError(promise: Promise<unknown>, ...texts: string[]): Promise<UserError> {
  const error = await promise.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  const userError = error as UserError;
  for (const text of texts) expect(userError.message).toContain(text);
  expect(userError.hint).toBeTruthy();
  return userError;
}
