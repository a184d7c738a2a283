import { createHash } from 'node:crypto';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cgmnist } from '../../../src/trainer/datasets/cgmnist.ts';
import { createTintTable } from '../../../src/trainer/datasets/color.ts';
import { readIdx } from '../../../src/trainer/datasets/idx.ts';
import { skipFor } from '../../skip.ts';
import { allRows, loadDataset, sharedData, valuesOf } from './fixtures.ts';

const expected = {
  train: '18487aaeed4af94c6d881dc850b43b3eebca05b5349fc4ec515df23674877658',
  t10k: '328f57289aaa0cadd71bc9c07b3ac2c205831296566e8d763e337af23970261b',
} as const;

/** The colored images of a file in its row order, channel last. */
async function coloredImages(data: string, prefix: keyof typeof expected): Promise<Uint8Array> {
  const mend = 'These tests read ../shared/data.';
  const gray = await readIdx({
    folder: path.join(data, 'mnist'), name: `${prefix}-images-idx3-ubyte`, shape: [undefined, 28, 28], mend,
  });
  const colors = await readIdx({
    folder: path.join(data, 'cgmnist'), name: `${prefix}-colors-idx2-ubyte`, shape: [gray.shape[0], 3], mend,
  });
  const tint = createTintTable();
  const images = new Uint8Array(gray.data.length * 3);
  gray.data.forEach((level, at) => {
    const row = Math.floor(at / 784) * 3;
    for (let channel = 0; channel < 3; channel++) {
      images[at * 3 + channel] = tint[colors.data[row + channel]! * 256 + level]!;
    }
  });
  return images;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('CGMNIST from the stored draws', skipFor(sharedData ? undefined : 'real MNIST files are absent (UDI_SHARED)'), () => {
  it.each(['train', 't10k'] as const)('has the SHA-256 of the reference: %s', async (prefix) => {
    expect(sha256(await coloredImages(sharedData!, prefix))).toBe(expected[prefix]);
  });

  it('gives networks exactly these images, in the sizes of the full recipe', async () => {
    const dataset = await loadDataset(cgmnist,
      { root: path.join(sharedData!, 'mnist'), colors: path.join(sharedData!, 'cgmnist') });
    expect([dataset.train.size, dataset.validation.size, dataset.test.size]).toEqual([54_000, 6_000, 10_000]);

    const { test } = dataset;
    const [mean, deviation] = [[0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.201]];
    const images: string[] = [];
    for (const row of allRows(test)) {
      images.push(sha256(Uint8Array.from(await valuesOf(test, 'color', Int32Array.of(row)), (value, at) => Math.round((value * deviation[at % 3]! + mean[at % 3]!) * 255))));
    }
    const given = images.sort();
    const reference = await coloredImages(sharedData!, 't10k');
    const wanted = Array.from({ length: 10_000 }, (_, row) =>
      sha256(reference.subarray(row * 784 * 3, (row + 1) * 784 * 3))).sort();
    expect(given).toEqual(wanted);
  });

  it('comes in the sizes of the subset recipe', async () => {
    const dataset = await loadDataset(cgmnist,
      { root: path.join(sharedData!, 'mnist'), limit: { train: 10_000, validation: 2_000, test: 2_000 } });
    expect([dataset.train.size, dataset.validation.size, dataset.test.size]).toEqual([10_000, 2_000, 2_000]);
  });
});
