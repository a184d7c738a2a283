import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/random.ts';
import { cgmnist } from '../../../src/trainer/datasets/cgmnist.ts';
import { drawColors, drawIndependentColors } from '../../../src/trainer/datasets/color.ts';
import type { Dataset, Split } from '../../../src/trainer/data/dataset.ts';
import { allocate } from '../../../src/trainer/data/split.ts';
import {
  completeSettings, contextWith, countClasses, expectUserError, idxBytes, loadDataset, smallCounts, smallLabels,
  temporaryFolder, valuesOf, writeMnist,
} from './fixtures.ts';

let root: string;

beforeEach(async () => {
  root = await temporaryFolder();
  await writeMnist(root);
});

const load = (given: Record<string, unknown> = {}, seed = 0) => loadDataset(cgmnist, { root, ...given }, seed);
const sizes = ({ train, validation, test }: Dataset) => [train.size, validation.size, test.size];
/** The gray bytes as a string: comparing large arrays number by number is slow. */
const grayOf = async (split: Split) => Buffer.from((await valuesOf(split, 'gray')).buffer).toString('base64');

describe('settings', () => {
  it('require root, take a strict map of limits and nothing else', () => {
    expect(() => completeSettings(cgmnist, {})).toThrow();
    expect(completeSettings(cgmnist, { root: 'x', limit: { train: 100 } })).toEqual(
      { root: 'x', variance: 0.03, validation: 0.1, limit: { train: 100 } });
    const refused = [{ limit: { tests: 10 } }, { limit: 100 }, { limit: { train: 0 } }, { validation: 1 }, { rot: 1 }];
    for (const wrong of refused) {
      expect(() => completeSettings(cgmnist, { root: 'x', ...wrong })).toThrow();
    }
  });

  it('take a root relative to the config', async () => {
    const settings = completeSettings(cgmnist, { root: path.basename(root) });
    const dataset = await cgmnist.load(contextWith({ settings, folder: path.dirname(root) }));
    expect(dataset.fingerprint).toBe((await load()).fingerprint);
  });
});

describe('splits', () => {
  it('hold out a stratified tenth of the training images', async () => {
    const dataset = await load();
    expect(sizes(dataset)).toEqual([270, 30, 100]);
    expect(countClasses(dataset.validation.labels, 10)).toEqual(allocate(smallCounts.train, 30));
    expect(countClasses(dataset.test.labels, 10)).toEqual(smallCounts.t10k);
  });

  it('are cut to stratified subsets by limit', async () => {
    const whole = await load({ validation: 0.2 });
    const dataset = await load({ validation: 0.2, limit: { train: 100, validation: 20, test: 50 } });
    expect(sizes(dataset)).toEqual([100, 20, 50]);
    expect(countClasses(dataset.train.labels, 10)).toEqual(allocate(countClasses(whole.train.labels, 10), 100));
    expect(sizes(await load({ limit: { test: 10 } }))).toEqual([270, 30, 10]);
  });

  it('refuse what the files cannot give', async () => {
    await expectUserError(load({ limit: { train: 271 } }), 'limit.train', '270', '271');
    await expectUserError(load({ limit: { test: 101 } }), 'limit.test', '100', '101');
    await expectUserError(load({ validation: 0.01 }), 'dataset.validation', '0.01', 'at least 10');
  });

  it('depend on the seed', async () => {
    const [first, second] = [await load(), await load({}, 1)];
    expect(await grayOf(first.validation)).not.toEqual(await grayOf(second.validation));
  });

  it('stay the same when only colors change', async () => {
    const [first, second] = [await load(), await load({ variance: 0.04 })];
    expect(await grayOf(first.train)).toEqual(await grayOf(second.train));
    expect(first.fingerprint).not.toBe(second.fingerprint);
  });
});

describe('colors', () => {
  /** Brightest value of each channel of each image, which is nearly its color: every image has a pixel near white. */
  const tints = async (split: Split) => {
    const inputs = await valuesOf(split, 'color');
    return Array.from(split.labels, (label, row) => {
      const image = inputs.subarray(row * 784 * 3, (row + 1) * 784 * 3);
      const red = image.reduce((best, value, at) => (at % 3 === 0 ? Math.max(best, value) : best), -9);
      return { label, red: Math.round((red * 0.2023 + 0.4914) * 255) };
    });
  };

  it('tell the class in training and nothing in validation and test', async () => {
    const dataset = await load({ variance: 0, validation: 0.5 });
    const variety = async (split: Split, digit: number) =>
      new Set((await tints(split)).filter(({ label }) => label === digit).map(({ red }) => red)).size;
    expect(await variety(dataset.train, 2)).toBe(1);
    expect(await variety(dataset.validation, 2)).toBeGreaterThan(4);
    expect(await variety(dataset.test, 2)).toBeGreaterThan(3);
  });
});

describe('errors of the files', () => {
  const images = (prefix: string) => path.join(root, `${prefix}-images-idx3-ubyte`);
  const labels = (prefix: string) => path.join(root, `${prefix}-labels-idx1-ubyte`);

  it('missing', async () => {
    await rm(`${labels('train')}.gz`);
    const error = await expectUserError(load(), labels('train'), 'missing');
    expect(error.hint).toContain('dataset.root');
  });

  it('images of another size', async () => {
    await writeFile(images('t10k'), idxBytes([1, 32, 32], new Uint8Array(1024)));
    await expectUserError(load(), images('t10k'), 'any x 28 x 28', '1 x 32 x 32');
  });

  it('counts that do not match', async () => {
    await writeFile(labels('t10k'), idxBytes([99], new Uint8Array(99)));
    await expectUserError(load(), labels('t10k'), images('t10k'), '100', '99');
  });

  it('classes above 9', async () => {
    const wrong = smallLabels('t10k');
    wrong[7] = 47;
    await writeFile(labels('t10k'), idxBytes([100], wrong));
    await expectUserError(load(), labels('t10k'), '47', 'row 7');
  });
});

describe('stored colors', () => {
  let colors: string;
  const [train, test] = [smallLabels('train'), smallLabels('t10k')];
  const write = (name: string, data: Uint8Array, compressed = true) => {
    const bytes = idxBytes([data.length / 3, 3], data);
    return writeFile(path.join(colors, compressed ? `${name}.gz` : name), compressed ? gzipSync(bytes) : bytes);
  };

  beforeEach(async () => {
    colors = await temporaryFolder();
    const random = createRandom(1);
    await write('train-colors-idx2-ubyte', drawColors(train, 0.03, random));
    await write('train-random-colors-idx2-ubyte', drawIndependentColors(train.length, 0.03, random), false);
    await write('t10k-colors-idx2-ubyte', drawIndependentColors(test.length, 0.03, random));
  });

  it('are used instead of own draws, whatever the variance', async () => {
    const [stored, own] = [await load({ colors }), await load()];
    expect(stored.fingerprint).not.toBe(own.fingerprint);
    expect(grayOf(stored.train)).toEqual(grayOf(own.train));
    expect((await load({ colors, variance: 0.1 })).fingerprint).toBe(stored.fingerprint);
  });

  it('must be as many as there are images', async () => {
    await write('t10k-colors-idx2-ubyte', new Uint8Array(99 * 3));
    await expectUserError(load({ colors }), 't10k-colors-idx2-ubyte', '100 x 3', '99 x 3');
  });

  it('must be in the row order of the images', async () => {
    const elsewhere = createRandom(1).shuffle(train);
    await write('train-colors-idx2-ubyte', drawColors(elsewhere, 0.03, createRandom(1)));
    const error = await expectUserError(load({ colors }), 'train-colors-idx2-ubyte');
    expect(error.hint).toContain('order');
  });
});
