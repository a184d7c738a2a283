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
    await writeFile(path.join(folder, 'some.idx2-ubyte'), sound);
    const error = await expectUserError(read(), plain, `${name}.gz`, 'some.idx2-ubyte');
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
    await writeFile(packed, gzipSync(sound));
    await writeFile(plain, Buffer.concat([sound, Buffer.of(1)]));
    await expectUserError(read(), plain, '12 bytes', '13');
  });
});
