import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { datasets, findDataset } from '../../../src/trainer/datasets/index.ts';
import type { Dataset } from '../../../src/trainer/data/dataset.ts';
import { allRows, completeSettings, loadDataset, rowDigests, temporaryFolder, writeMnist } from './fixtures.ts';

/** Settings without a default, and small sizes to be quick; a dataset not listed is tested with its defaults. */
const given: Readonly<Record<string, () => Promise<Record<string, unknown>>>> = {
  cgmnist: async () => {
    const root = await temporaryFolder();
    await writeMnist(root);
    return { root };
  },
  'synthetic-digits': () => Promise.resolve({ train: 120, validation: 40, test: 40 }),
};

/** One change of each setting that must change the data. */
const changes: Readonly<Record<string, readonly Record<string, unknown>[]>> = {
  cgmnist: [
    { variance: 0.02 }, { validation: 0.2 },
    { limit: { train: 100 } }, { limit: { validation: 20 } }, { limit: { test: 50 } },
  ],
  'synthetic-digits': [
    { train: 130 }, { validation: 50 }, { test: 50 }, { variance: 0.02 }, { distortion: 0.5 }, { noise: 0.1 },
  ],
  'synthetic-arrays': [
    { modalities: 2 }, { classes: 3 }, { dimension: 9 }, { train: 100 }, { validation: 100 }, { test: 100 },
    { signal: 2 }, { decay: 0.4 },
  ],
};

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
    expect(dataset.modalities).toEqual(kind.modalities(completeSettings(kind, own)));
    expect(dataset.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(dataset.classes.length).toBeGreaterThan(1);
    for (const split of splitsOf(dataset)) {
      expect(split.size).toBeGreaterThan(0);
      expect(split.labels).toHaveLength(split.size);
      expect(split.labels.every((label) => label >= 0 && label < dataset.classes.length)).toBe(true);
      for (const { id, shape } of dataset.modalities) {
        const length = shape.reduce((a, b) => a * b, 1);
        const rows = allRows(split);
        const inputs = split.inputs(id, rows);
        expect(inputs).toHaveLength(length * split.size);
        expect(inputs.every(Number.isFinite)).toBe(true);
        const last = split.size - 1;
        expect(split.inputs(id, [last, 0, last])).toEqual(Float32Array.of(
          ...inputs.subarray(last * length), ...inputs.subarray(0, length), ...inputs.subarray(last * length)));
      }
      expect(() => split.inputs('smell', [0])).toThrow('smell');
    }
  });

  it('has disjoint splits without a sample twice', async () => {
    const dataset = await loadDataset(kind, await settings(), 0);
    const digests = splitsOf(dataset).flatMap((split) => rowDigests(dataset, split));
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('gives the same bytes for the same seed and others for another', async () => {
    const own = await settings();
    const [first, again] = [await loadDataset(kind, own, 7), await loadDataset(kind, own, 7)];
    const other = await loadDataset(kind, own, 8);
    expect(again.fingerprint).toBe(first.fingerprint);
    splitsOf(first).forEach((split, index) => {
      const same = splitsOf(again)[index]!;
      expect(same.labels).toEqual(split.labels);
      expect(rowDigests(again, same)).toEqual(rowDigests(first, split));
    });
    expect(other.fingerprint).not.toBe(first.fingerprint);
    expect(rowDigests(other, other.test)).not.toEqual(rowDigests(first, first.test));
  });

  it('has another fingerprint as soon as a setting changes the data', async () => {
    const own = await settings();
    const all = [own, ...(changes[kind.id] ?? []).map((change) => ({ ...own, ...change }))];
    const prints = new Set<string>();
    for (const each of all) prints.add((await loadDataset(kind, each, 0)).fingerprint);
    expect(prints.size).toBe(all.length);
  });
});
