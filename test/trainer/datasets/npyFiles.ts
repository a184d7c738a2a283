import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createRandom } from '../../../src/core/random.ts';

/** The bytes of a .npy file as numpy writes it (version 1). `descr` such as `<f4`; values in the order in which they are to lie in the file. */
export function npyBytes(shape: readonly number[], values: ArrayLike<number>, descr = '<f4', fortran = false): Buffer {
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${shape.map((length) => `${length},`).join(' ')}), }`;
  const padded = `${text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11)}\n`;
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY', 'latin1');
  head.set([1, 0], 6);
  head.writeUInt16LE(padded.length, 8);
  const width = Number(descr.slice(2));
  const body = Buffer.alloc(values.length * width);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const little = descr[0] !== '>';
  const set: Readonly<Record<string, (at: number, value: number) => void>> = {
    f4: (at, value) => view.setFloat32(at, value, little), f8: (at, value) => view.setFloat64(at, value, little),
    i4: (at, value) => view.setInt32(at, value, little), i8: (at, value) => view.setBigInt64(at, BigInt(value), little),
    u1: (at, value) => view.setUint8(at, value), f2: (at, value) => view.setUint16(at, value, little), b1: (at, value) => view.setUint8(at, value),
  };
  Array.from(values).forEach((value, index) => set[descr.slice(1)]!(index * width, value));
  return Buffer.concat([head, Buffer.from(padded, 'latin1'), body]);
}

/**
 * Writes a learnable dataset of two classes: `stats` as rows of one file, `sensor` as sequences of 2 to 5 steps; returns the manifest.
 * Every fifth sample lacks the sensor, if `holes`; without `splits` they are drawn by the seed.
 */
export function writeOwnArrays(folder: string, { samples = 60, holes = false, splits = true, seed = 1 } = {}): string {
  mkdirSync(path.join(folder, 'sensor'), { recursive: true });
  const random = createRandom(seed);
  const label = (row: number): number => row % 2;
  writeFileSync(path.join(folder, 'stats.npy'), npyBytes([samples, 3], Float32Array.from({ length: samples * 3 }, (_, at) => random.normal() + 5 * label(Math.floor(at / 3)))));
  const lines = Array.from({ length: samples }, (_, row) => {
    const steps = 2 + (row % 4);
    writeFileSync(path.join(folder, `sensor/${row}.npy`), npyBytes([steps, 2], Float32Array.from({ length: steps * 2 }, () => random.normal() - 3 * label(row))));
    const split = row < samples * 0.6 ? 'train' : row < samples * 0.8 ? 'val' : 'test';
    return `s${row},${splits ? `${split},` : ''}${label(row) ? 'happy' : 'calm'},stats.npy#${row},${holes && row % 5 === 0 ? '' : `sensor/${row}.npy`}`;
  });
  const manifest = path.join(folder, 'manifest.csv');
  writeFileSync(manifest, `\uFEFFid,${splits ? 'split,' : ''}label,stats,sensor\r\n${lines.join('\r\n')}\r\n`);
  return manifest;
}
