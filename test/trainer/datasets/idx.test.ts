import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import { readIdx } from '../../../src/trainer/datasets/idx.ts';
import { expectUserError, idxBytes, temporaryFolder } from './fixtures.ts';

const name = 'some-idx2-ubyte';
const mend = 'Fetch it again.';
const sound = idxBytes([4, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
let folder: string;
let plain: string;
let packed: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  plain = path.join(folder, name);
  packed = `${plain}.gz`;
});

const read = (shape: readonly (number | undefined)[] = [undefined, 3]) => readIdx({ folder, name, shape, mend });

describe('a sound idx file', () => {
  it('is read plain and compressed alike', async () => {
    await writeFile(packed, gzipSync(sound));
    const compressed = await read();
    await writeFile(plain, sound);
    const uncompressed = await read();
    expect(compressed.file).toBe(packed);
    expect(uncompressed.file).toBe(plain);
    for (const { shape, data } of [compressed, uncompressed]) {
      expect(shape).toEqual([4, 3]);
      expect([...data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    }
  });

  it('may be named .gz though a browser unpacked it, and the reverse', async () => {
    await writeFile(packed, sound);
    expect((await read()).shape).toEqual([4, 3]);
    await writeFile(plain, gzipSync(sound));
    expect((await read()).shape).toEqual([4, 3]);
  });
});

describe('names that downloads give an idx file', () => {
  const readAs = (wanted: string) => readIdx({ folder, name: wanted, shape: [undefined, 3], mend });

  it.each([
    ['t10k-images-idx3-ubyte', 't10k-images.idx3-ubyte'], ['t10k-images-idx3-ubyte', 'test-images-idx3-ubyte.gz'],
    ['t10k-images-idx3-ubyte', 'T10K-IMAGES-IDX3-UBYTE'], ['train-labels-idx1-ubyte', 'train_labels.idx1_ubyte.GZ'],
    ['train-labels-idx1-ubyte', 'train-labels-idx1-ubyte/train-labels-idx1-ubyte'],
    ['train-labels-idx1-ubyte', 'train-labels.idx1-ubyte/train-labels-idx1-ubyte.gz'],
    ['train-labels-idx1-ubyte', 'MNIST/raw/train-labels-idx1-ubyte'], ['train-labels-idx1-ubyte', 'raw/train-labels-idx1-ubyte.gz'],
  ])('%s is found as %s', async (wanted, stored) => {
    const file = path.join(folder, stored);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, /gz$/i.test(stored) ? gzipSync(sound) : sound);
    expect(await readAs(wanted)).toMatchObject({ file, shape: [4, 3] });
  });

  it('never take the training set for the test set, nor images for labels', async () => {
    for (const other of ['train-images-idx3-ubyte', 't10k-labels-idx1-ubyte', 't10k-images-idx3-ubyte.txt']) await writeFile(path.join(folder, other), sound);
    await expectUserError(readAs('t10k-images-idx3-ubyte'), 'is missing');
  });

  it('take the first sound file: a folder beside it, a broken copy or a second layer of gzip is no obstacle', async () => {
    await mkdir(plain);
    await writeFile(packed, gzipSync(gzipSync(sound)));
    expect(await read()).toMatchObject({ file: packed, shape: [4, 3] });
    const dotted = path.join(folder, 'some.idx2-ubyte');
    await writeFile(dotted, sound);
    await writeFile(packed, gzipSync(sound).subarray(0, 20));
    expect(await read()).toMatchObject({ file: dotted, shape: [4, 3] });
    await writeFile(dotted, 'nothing');
    await expectUserError(read(), packed, 'truncated');
    await writeFile(packed, gzipSync(gzipSync(gzipSync(sound))));
    await expectUserError(read(), packed, 'more than 2 times');
  });

  it('that are of no known form: the hint names the file that is probably meant', async () => {
    await writeFile(path.join(folder, 'readme.txt'), '');
    expect((await expectUserError(readAs('train-images-idx3-ubyte'), 'readme.txt')).hint).toBe(mend);
    await writeFile(path.join(folder, 'train-labels-idx1-ubyte'), sound);
    await writeFile(path.join(folder, 'train-images.idx3'), sound);
    expect((await expectUserError(readAs('train-images-idx3-ubyte'))).hint).toContain('train-images.idx3 is meant: rename it');
    await writeFile(path.join(folder, 'train-images-idx3-ubyte.zip'), '');
    expect((await expectUserError(readAs('train-images-idx3-ubyte'))).hint).toContain('.zip is meant: unpack it');
  });
});

describe('an error of an idx file names the file, what was expected and what was found:', () => {
  it('missing folder', async () => {
    folder = path.join(folder, 'nowhere');
    await expectUserError(read(), folder, 'does not exist', `${name}.gz`);
  });

  it('file in place of the folder', async () => {
    await writeFile(path.join(folder, 'file'), 'x');
    folder = path.join(folder, 'file');
    await expectUserError(read(), folder, 'not a folder');
  });

  it('folder in place of the file', async () => {
    await mkdir(packed);
    await expectUserError(read(), packed, 'is a folder');
  });

  it('missing file; the folder\'s files are listed', async () => {
    await writeFile(path.join(folder, 'other.bin'), sound);
    const error = await expectUserError(read(), plain, `${name}.gz`, 'other.bin');
    expect(error.hint).toContain(mend);
  });

  it('gzip cut off at any place', async () => {
    const bytes = gzipSync(sound);
    for (const length of [3, 12, 20, bytes.length - 1]) {
      await writeFile(packed, bytes.subarray(0, length));
      await expectUserError(read(), packed, 'truncated', String(length));
    }
  });

  it('damaged gzip: content, checksum', async () => {
    const noise = idxBytes([1000, 3], Uint8Array.from({ length: 3000 }, (_, index) => (index * index * 7) % 251));
    for (const place of ['middle', 'checksum'] as const) {
      const bytes = gzipSync(noise);
      bytes[place === 'middle' ? Math.floor(bytes.length / 2) : bytes.length - 6]! ^= 0xff;
      await writeFile(packed, bytes);
      await expectUserError(read(), packed, 'damaged');
    }
  });

  it('something else under the name', async () => {
    await writeFile(packed, '<!doctype html><title>404</title>');
    await expectUserError(read(), packed, '1f 8b', '3c 21');
  });

  it('empty file', async () => {
    await writeFile(plain, '');
    await expectUserError(read(), plain, '00 00 08 02', '0 bytes');
  });

  it('wrong magic, type or number of dimensions', async () => {
    const altered = (at: number, value: number) => {
      const bytes = Uint8Array.from(sound);
      bytes[at] = value;
      return writeFile(plain, bytes);
    };
    await altered(1, 9);
    await expectUserError(read(), plain, '00 00 08 02', '00 09 08 02');
    await altered(2, 0x0c);
    await expectUserError(read(), plain, 'unsigned byte', 'int32');
    await altered(3, 3);
    await expectUserError(read(), plain, 'expected 2 dimensions', 'found 3');
  });

  it('header cut off', async () => {
    await writeFile(plain, sound.subarray(0, 9));
    await expectUserError(read(), plain, 'header of 12 bytes', '9 bytes');
  });

  it('wrong shape, no rows', async () => {
    await writeFile(plain, sound);
    await expectUserError(read([undefined, 5]), plain, 'any x 5', '4 x 3');
    await expectUserError(read([7, 3]), plain, '7 x 3', '4 x 3');
    await writeFile(plain, idxBytes([0, 3], []));
    await expectUserError(read(), plain, 'any x 3', '0 x 3');
  });

  it('too few or too many bytes', async () => {
    await writeFile(plain, sound.subarray(0, sound.length - 1));
    await expectUserError(read(), plain, '12 bytes', '11', 'truncated');
    await writeFile(plain, Buffer.concat([sound, Buffer.of(1)]));
    await expectUserError(read(), plain, '12 bytes', '13');
  });
});
