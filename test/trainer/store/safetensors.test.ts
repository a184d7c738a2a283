import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, SafetensorsFile } from '../../../src/core/files/safetensors.ts';
import { hashFile, type TensorSource, writeSafetensors } from '../../../src/trainer/store/safetensors.ts';

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'udi-safetensors-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const source = (name: string, shape: readonly number[], values: readonly number[]): TensorSource => ({ name, shape, values: () => Promise.resolve(Float32Array.from(values)) });

/** A file of these bytes: header as text or object, then data. */
function fileOf(header: string | object, data: Uint8Array = new Uint8Array(), length?: number): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(length ?? json.byteLength));
  const file = join(folder, `hand-made-${readdirSync(folder).length}.safetensors`);
  writeFileSync(file, Buffer.concat([size, json, data]));
  return file;
}

const bytesOf = (array: ArrayBufferView): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

/** The one tensor `x` of a hand-made file. */
function decoded(dtype: string, data: ArrayBufferView, size: number): number[] {
  return [...readSafetensors(fileOf({ x: { dtype, shape: [size], data_offsets: [0, data.byteLength] } }, bytesOf(data)))['x']!.values];
}

describe('safetensors', () => {
  it('reads back what it writes, scalars and empty tensors included, and says the hash of the file', async () => {
    const file = join(folder, 'own.safetensors');
    const large = Array.from({ length: 3_000_001 }, (_, index) => index % 1000);
    const hash = await writeSafetensors(file, [
      source('b', [2, 2], [1, -2, 3.5, 0]), source('a', [], [7]), source('none', [0, 3], []), source('large', [large.length], large), source('ü.weight', [1], [Math.PI]),
    ], { config: '{"a": 1}' });
    expect(hash).toBe(createHash('sha256').update(readFileSync(file)).digest('hex'));
    expect(hashFile(file)).toBe(hash);
    const back = new SafetensorsFile(file);
    expect([back.names.length, back.metadata, back.shapeOf('b'), back.shapeOf('c')]).toEqual([5, { config: '{"a": 1}' }, [2, 2], undefined]);
    expect([...back.read('b').values]).toEqual([1, -2, 3.5, 0]);
    expect([back.read('a').shape, [...back.read('a').values]]).toEqual([[], [7]]);
    expect(back.read('none').values).toHaveLength(0);
    expect(Buffer.compare(bytesOf(back.read('large').values), bytesOf(Float32Array.from(large)))).toBe(0);
    expect([...back.read('ü.weight').values]).toEqual([Math.fround(Math.PI)]);
    expect(() => back.read('c')).toThrow(/no tensor c/);
    back.close();
  });

  it('asks for one tensor at a time', async () => {
    let open = 0;
    const slow = (name: string): TensorSource => ({ name, shape: [1], values: async () => {
      expect(open++).toBe(0);
      await new Promise(setImmediate);
      open--;
      return Float32Array.of(1);
    } });
    await writeSafetensors(join(folder, 'one.safetensors'), ['a', 'b', 'c'].map(slow));
  });

  it('leaves the old file and no temporary one when the values cannot be had', async () => {
    const file = join(folder, 'kept.safetensors');
    await writeSafetensors(file, [source('x', [1], [1])]);
    await expect(writeSafetensors(file, [{ name: 'x', shape: [1], values: () => Promise.reject(new Error('lost')) }])).rejects.toThrow('lost');
    expect([...readSafetensors(file)['x']!.values]).toEqual([1]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('reads half precision: signs, subnormals, the largest, infinities and NaN', () => {
    // IEEE 754: 0x3c00 is 1, 0x0001 is 2^-24, 0x03ff the largest subnormal, 0x7bff is 65504.
    const bits = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x03ff, 0x0400, 0x7bff, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x3555);
    expect(decoded('F16', bits, bits.length)).toEqual([1, -2, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 65504, -0, Infinity, -Infinity, NaN, 0.333251953125]);
    // bfloat16 is the upper half of a float32.
    const upper = Uint16Array.of(0x3f80, 0xc000, 0x4049, 0x7f80, 0x0001, 0x7fc0);
    expect(decoded('BF16', upper, upper.length)).toEqual([1, -2, 3.140625, Infinity, 2 ** -133, NaN]);
  });

  it('reads double precision, whole numbers and booleans', () => {
    expect(decoded('F64', Float64Array.of(Math.PI, -1e-3), 2)).toEqual([Math.fround(Math.PI), Math.fround(-1e-3)]);
    expect(decoded('I64', BigInt64Array.of(-5n, 30522n), 2)).toEqual([-5, 30522]);
    expect(decoded('U64', BigUint64Array.of(5n), 1)).toEqual([5]);
    expect(decoded('I32', Int32Array.of(-(2 ** 31), 7), 2)).toEqual([-(2 ** 31), 7]);
    expect(decoded('U32', Uint32Array.of(2 ** 31 - 1), 1)).toEqual([2 ** 31 - 1]);
    expect(decoded('I16', Int16Array.of(-3), 1)).toEqual([-3]);
    expect(decoded('U16', Uint16Array.of(65535), 1)).toEqual([65535]);
    expect(decoded('I8', Int8Array.of(-128, 127), 2)).toEqual([-128, 127]);
    expect(decoded('U8', Uint8Array.of(0, 255), 2)).toEqual([0, 255]);
    expect(decoded('BOOL', Uint8Array.of(1, 0), 2)).toEqual([1, 0]);
    expect(() => decoded('I64', BigInt64Array.of(2n ** 40n), 1)).toThrow(/1099511627776 does not fit into 32 bits/);
  });

  it('reads the others of a file with a type that it does not know', () => {
    const file = new SafetensorsFile(fileOf({
      eight: { dtype: 'F8_E4M3', shape: [3], data_offsets: [0, 3] }, x: { dtype: 'F32', shape: [1], data_offsets: [3, 7] },
    }, Uint8Array.of(1, 2, 3, 0, 0, 0x80, 0x3f)));
    expect([...file.read('x').values], 'not aligned').toEqual([1]);
    expect(() => file.read('eight')).toThrow(/eight is of type F8_E4M3, not one of F64/);
    file.close();
  });

  const x = (shape: number[], data_offsets: number[], dtype = 'F32') => ({ x: { dtype, shape, data_offsets } });
  it.each([
    ['too short', () => { const file = join(folder, 'short'); writeFileSync(file, 'abc'); return file; }, /shorter than its 8-byte/],
    ['a header longer than the file', () => fileOf('{}', new Uint8Array(), 1e6), /header of 1000000 bytes does not fit/],
    ['a header length of garbage', () => { const file = join(folder, 'garbage'); writeFileSync(file, Buffer.alloc(20, 0xff)); return file; }, /does not fit/],
    ['no JSON', () => fileOf('{"x": '), /no JSON/],
    ['a list', () => fileOf('[]'), /header is damaged/],
    ['an entry without a shape', () => fileOf({ x: { dtype: 'F32', data_offsets: [0, 4] } }), /damaged at x/],
    ['a negative size', () => fileOf(x([-1], [0, 4]), new Uint8Array(4)), /damaged at x/],
    ['too few bytes for the shape', () => fileOf(x([2], [0, 4]), new Uint8Array(4)), /x of type F32 and shape \[2\] lies at bytes 0 to 4, where 8 bytes/],
    ['data that are cut off', () => fileOf(x([2], [0, 8]), new Uint8Array(4)), /4 bytes of data instead of 8/],
    ['data behind the last tensor', () => fileOf(x([1], [0, 4]), new Uint8Array(5)), /5 bytes of data instead of 4/],
    ['a hole', () => fileOf({ ...x([1], [0, 4]), y: { dtype: 'F32', shape: [1], data_offsets: [8, 12] } }, new Uint8Array(12)), /y of type F32/],
    ['an overlap', () => fileOf({ ...x([1], [0, 4]), y: { dtype: 'U8', shape: [4], data_offsets: [2, 6] } }, new Uint8Array(6)), /y of type U8/],
    ['metadata that are no texts', () => fileOf({ __metadata__: { a: 1 } }), /header is damaged/],
  ])('refuses %s', (_, make, message) => {
    expect(() => readSafetensors(make())).toThrow(message);
  });
});
