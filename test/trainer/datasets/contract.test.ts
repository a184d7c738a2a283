import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { datasets, findDataset } from '../../../src/trainer/datasets/index.ts';
import type { Dataset, HostInput, ModalityInfo, Split } from '../../../src/trainer/data/dataset.ts';
import { writeOwnArrays } from './npyFiles.ts';
import { allRows, completeSettings, loadDataset, rowDigests, temporaryFolder, writeMnist } from './fixtures.ts';

let own: string | undefined;

/** Settings without a default, and small sizes to be quick; a dataset not listed is tested with its defaults. */
const given: Readonly<Record<string, () => Promise<Record<string, unknown>>>> = {
  cgmnist: async () => {
    const root = await temporaryFolder();
    await writeMnist(root);
    return { root };
  },
  'synthetic-av': () => Promise.resolve({ train: 60, validation: 40, test: 40 }),
  'synthetic-digits': () => Promise.resolve({ train: 120, validation: 40, test: 40 }),
  'own-arrays': async () => ({ manifest: (own ??= writeOwnArrays(await temporaryFolder(), { holes: true, splits: false })), missing: 'allow' }),
};

/** One change of each setting that must change the data. */
const changes: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  cgmnist: [
    { variance: 0.02 }, { validation: 0.2 },
    { limit: { train: 100 } }, { limit: { validation: 20 } }, { limit: { test: 50 } },
  ],
  'synthetic-av': [
    { train: 70 }, { validation: 50 }, { test: 50 }, { noise: 0.1 }, { distortion: 0.5 }, { contrast: 1 }, { clutter: 0 },
  ],
  'synthetic-digits': [
    { train: 130 }, { validation: 50 }, { test: 50 }, { variance: 0.02 }, { distortion: 0.5 }, { noise: 0.1 },
  ],
  'own-arrays': [{ modalities: ['stats'], missing: 'allow' }, { classes: ['happy', 'calm'] }, { maxSteps: 3 }],
  'synthetic-arrays': [
    { modalities: 2 }, { classes: 3 }, { dimension: 9 }, { train: 100 }, { validation: 100 }, { test: 100 },
    { signal: 2 }, { decay: 0.4 },
  ],
};

/** What a modality says of itself holds for all rows of a split. */
function checkInput(split: Split, { id, shape, dtype, masked, longest }: ModalityInfo, input: HostInput): void {
  expect(input.shape).toHaveLength(shape.length + 1);
  shape.forEach((length, axis) => expect(input.shape[axis + 1]).toBe(length ?? input.shape[1]));
  expect(input.shape[0]).toBe(split.size);
  expect(input.values).toBeInstanceOf(dtype === 'int32' ? Int32Array : Float32Array);
  expect(input.values).toHaveLength(input.shape.reduce((a, b) => a * b, 1));
  expect(input.values.every(Number.isFinite)).toBe(true);
  expect(input.mask !== undefined).toBe(masked ?? false);
  if (shape[0] === null) expect([masked, input.shape[1]! <= longest!]).toEqual([true, true]);
  expect(Array.from(input.present ?? new Uint8Array(split.size).fill(1))).toEqual(Array.from(split.present?.(id) ?? new Uint8Array(split.size).fill(1)));
}

/** What a row holds, without padding. */
function content({ values, shape, mask, present }: HostInput, row: number): unknown {
  const length = values.length / shape[0]!;
  const width = length / shape[1]!;
  const steps = mask ? mask.subarray(row * shape[1]!, (row + 1) * shape[1]!).reduce((sum, each) => sum + each, 0) : shape[1]!;
  return { present: present?.[row] ?? 1, values: [...values.subarray(row * length, row * length + steps * width)] };
}

const splitsOf = ({ train, validation, test }: Dataset) => [train, validation, test];

describe('the registry', () => {
  it('has unique ids, and finds by id', () => {
    expect(new Set(datasets.map(({ id }) => id)).size).toBe(datasets.length);
    for (const kind of datasets) expect(findDataset(kind.id)).toBe(kind);
  });

  it('lists all names for an unknown one', () => {
    const find = () => findDataset('mnist');
    expect(find).toThrow(UserError);
    try {
      find();
    } catch (error) {
      for (const { id } of datasets) expect((error as UserError).hint).toContain(id);
    }
  });
});

describe.each(datasets)('dataset $id', (kind) => {
  const settings = given[kind.id] ?? (() => Promise.resolve({}));

  it('describes itself and every setting', () => {
    for (const text of [kind.id, kind.label, kind.source]) expect(text).toBeTruthy();
    for (const spec of Object.values(kind.settings)) expect(spec.help).toMatch(/\.$/);
  });

  it('gives inputs and labels as its modalities and classes say', async () => {
    const own = await settings();
    const dataset = await loadDataset(kind, own, 0);
    expect(dataset.id).toBe(kind.id);
    expect(dataset.modalities.map(({ id }) => id)).toEqual(kind.modalities(completeSettings(kind, own), ''));
    for (const hash of Object.values(dataset.parts)) expect(hash).toMatch(/^[0-9a-f]{12}$/);
    expect(dataset.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(dataset.classes.length).toBeGreaterThan(1);
    for (const split of splitsOf(dataset)) {
      expect(split.size).toBeGreaterThan(0);
      expect(split.labels).toHaveLength(split.size);
      expect(split.labels.every((label) => label >= 0 && label < dataset.classes.length)).toBe(true);
      const rows = allRows(split);
      expect(new Set(Array.from(rows, (row) => split.id(row))).size).toBe(split.size);
      const ids = dataset.modalities.map(({ id }) => id);
      const { inputs, release } = await split.read(rows, ids, 'clean');
      expect(Object.keys(inputs)).toEqual(ids);
      for (const modality of dataset.modalities) checkInput(split, modality, inputs[modality.id]!);
      const last = split.size - 1;
      const again = await split.read(Int32Array.of(last, 0, last), ids, 'clean');
      for (const { id } of dataset.modalities) {
        const [first, second, third] = [0, 1, 2].map((row) => content(again.inputs[id]!, row));
        expect(third).toEqual(first);
        expect([first, second]).toEqual([content(inputs[id]!, last), content(inputs[id]!, 0)]);
      }
      release?.();
      again.release?.();
      await expect(split.read(Int32Array.of(0), ['smell'], 'clean')).rejects.toThrow('smell');
    }
  });

  it('has disjoint splits without a sample twice', async () => {
    const dataset = await loadDataset(kind, await settings(), 0);
    const digests = (await Promise.all(splitsOf(dataset).map((split) => rowDigests(dataset, split)))).flat();
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('gives the same bytes for the same seed and others for another', async () => {
    const own = await settings();
    const [first, again] = [await loadDataset(kind, own, 7), await loadDataset(kind, own, 7)];
    const other = await loadDataset(kind, own, 8);
    expect(again.fingerprint).toBe(first.fingerprint);
    for (const [index, split] of splitsOf(first).entries()) {
      const same = splitsOf(again)[index]!;
      expect(same.labels).toEqual(split.labels);
      expect(await rowDigests(again, same)).toEqual(await rowDigests(first, split));
    }
    expect(other.fingerprint).not.toBe(first.fingerprint);
    expect(await rowDigests(other, other.test)).not.toEqual(await rowDigests(first, first.test));
  });

  it('has another fingerprint as soon as a setting changes the data', async () => {
    const own = await settings();
    const all = [own, ...(changes[kind.id] ?? []).map((change) => ({ ...own, ...change }))];
    const prints = new Set<string>();
    for (const each of all) prints.add((await loadDataset(kind, each, 0)).fingerprint);
    expect(prints.size).toBe(all.length);
  });
});
