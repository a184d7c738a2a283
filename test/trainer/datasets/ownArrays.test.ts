import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { Dataset } from '../../../src/trainer/data/dataset.ts';
import { differingParts } from '../../../src/trainer/data/fingerprint.ts';
import { ownArrays } from '../../../src/trainer/datasets/ownArrays.ts';
import { Cancelled, Control } from '../../../src/trainer/loop/control.ts';
import { metricsOf, smallConfig, trainHere, trainInPieces } from '../session.ts';
import { completeSettings, contextWith, expectUserError, loadDataset, temporaryFolder } from './fixtures.ts';
import { npyBytes, writeOwnArrays } from './npyFiles.ts';

const load = (manifest: string, more: Record<string, unknown> = {}): Promise<Dataset> => loadDataset(ownArrays, { manifest, workers: 0, ...more });
const rowsOf = ({ train }: Dataset, rows: number[], modality: string) => train.read(Int32Array.from(rows), [modality], 'clean').then(({ inputs }) => inputs[modality]!);

/** A manifest with one column `x` for these files, as many samples as it takes for every split. */
async function withFile(bytes: Buffer, cell = 'a.npy'): Promise<string> {
  const folder = await temporaryFolder();
  writeFileSync(path.join(folder, 'a.npy'), bytes);
  const lines = ['train', 'train', 'val', 'test'].map((split, row) => `r${row},${split},${row % 2},${cell}`);
  writeFileSync(path.join(folder, 'm.csv'), ['id,split,label,x', ...lines].join('\n'));
  return path.join(folder, 'm.csv');
}

describe('own arrays', () => {
  it('reads rows of a file and sequences of different length, padded and masked', async () => {
    const dataset = await load(writeOwnArrays(await temporaryFolder(), { holes: true }), { missing: 'allow' });
    expect(dataset.modalities).toMatchObject([{ id: 'stats', shape: [3], kind: 'vector' }, { id: 'sensor', shape: [null, 2], masked: true, longest: 5 }]);
    expect(dataset.classes).toEqual(['calm', 'happy']);
    expect([dataset.train.size, dataset.validation.size, dataset.test.size]).toEqual([36, 12, 12]);
    const sensor = await rowsOf(dataset, [1, 5, 2], 'sensor');
    expect(sensor.shape).toEqual([3, 4, 2]);
    expect([...sensor.mask!]).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect([...sensor.present!]).toEqual([1, 0, 1]);
    expect([...sensor.values.subarray(6, 16)]).toEqual(new Array(10).fill(0));
    expect(dataset.train.present!('stats')).toBeUndefined();
    expect(dataset.notes).toEqual(['12 of 60 samples have no sensor; they count for the other modalities only.']);
    const cutOff = await load(writeOwnArrays(await temporaryFolder()), { maxSteps: 3 });
    expect((await rowsOf(cutOff, [2, 3], 'sensor')).shape).toEqual([2, 3, 2]);
  });

  it.each([
    ['<f4', [1.5, -2, 3, 4, 5, 6], [1.5, -2, 3, 4, 5, 6]], ['>f8', [1.5, -2, 3, 4, 5, 6], [1.5, -2, 3, 4, 5, 6]], ['<i4', [1, -2, 3, 4, 5, 6], [1, -2, 3, 4, 5, 6]],
    ['<i8', [1, -2, 3, 4, 5, 6], [1, -2, 3, 4, 5, 6]], ['|u1', [1, 255, 3, 4, 5, 6], [1, 255, 3, 4, 5, 6]], ['<f2', [0x3c00, 0xc000, 0x3800, 1, 0, 0x7bff], [1, -2, 0.5, 2 ** -24, 0, 65504]],
  ])('reads %s, in the order of C and of Fortran', async (descr, given, wanted) => {
    const rowMajor = await load(await withFile(npyBytes([2, 3], given, descr)));
    expect([...(await rowsOf(rowMajor, [0], 'x')).values]).toEqual(wanted);
    const columnMajor = await load(await withFile(npyBytes([3, 2], given, descr, true)));
    expect([...(await rowsOf(columnMajor, [0], 'x')).values]).toEqual([0, 3, 1, 4, 2, 5].map((index) => wanted[index]));
  });

  it.each([
    ['is truncated', npyBytes([2, 3], [1, 2, 3, 4, 5, 6]).subarray(0, 140), 'it is truncated'],
    ['holds objects', Buffer.from(npyBytes([1], [1]).toString('latin1').replace("'<f4'", "'|O8'"), 'latin1'), 'object (a pickle)'],
    ['is something else', Buffer.from('<html>'), 'is not a .npy file'],
    ['is a placeholder', Buffer.from('version https://git-lfs.github.com/spec/v1'), 'Git LFS'],
  ])('names line, column and file of a cell whose file %s', async (_, bytes, text) => {
    const manifest = await withFile(bytes);
    await expectUserError(load(manifest), `${manifest}:2: column "x": ${path.join(path.dirname(manifest), 'a.npy')}`, text, `${manifest}:5:`);
  });

  it('names line and column of bad cells', async () => {
    const array = npyBytes([2, 3], [1, 2, 3, 4, 5, 6]);
    const changed = async (change: (text: string) => string, more = {}): Promise<Dataset> => {
      const manifest = await withFile(array);
      writeFileSync(path.join(path.dirname(manifest), 'b.npy'), npyBytes([7], [1, 2, 3, 4, 5, 6, 7]));
      writeFileSync(manifest, change(readFileSync(manifest, 'utf8')));
      return load(manifest, more);
    };
    await expectUserError(changed((text) => text.replace('r1,train,1,a.npy', 'r1,train,1,')), 'm.csv:3: column "x": it is empty');
    await expectUserError(changed((text) => text.replace('r1,train,1,a.npy', 'r1,train,1,c.npy')), 'm.csv:3: column "x": There is no file', 'c.npy');
    await expectUserError(changed((text) => text.replace('r1,train,1,a.npy', 'r1,train,1,a.npy#2')), 'm.csv:3: column "x"', 'has no row 2');
    await expectUserError(changed((text) => text.replace('r1,train,1,a.npy', 'r1,train,1,b.npy')), 'm.csv:3: column "x"', 'expected the shape [any, 3] as in line 2, found [7]');
    await expectUserError(changed((text) => text.replace('r1,train', 'r1,trian')), 'm.csv:3: column "split"', 'trian');
    await expectUserError(changed((text) => text.replace('r1,train', 'r0,train')), 'm.csv:3: column "id": "r0" stands in line 2');
    await expectUserError(changed((text) => text.replace('r1,train,1', 'r1,train,')), 'm.csv:3: column "label": it is empty');
    await expectUserError(changed((text) => text, { classes: ['0', 'one'] }), 'm.csv:3: column "label": "1" is none of dataset.classes');
    await expectUserError(changed((text) => text.replace('r1,train,1,a.npy', 'r1,train,1')), 'm.csv', 'line 3');
    await expectUserError(changed((text) => text.replace('r1,train,1,a.npy', 'r1,train,1,'), { missing: 'allow' }), 'm.csv:3: the sample has no modality');
  });

  it('reads JSON lines, and names the line that is none', async () => {
    const manifest = await withFile(npyBytes([3], [1, 2, 3]));
    const file = path.join(path.dirname(manifest), 'm.jsonl');
    const line = (split: string, label: number) => JSON.stringify({ split, label, x: 'a.npy' });
    writeFileSync(file, [line('train', 0), line('train', 1), line('val', 0), line('test', 1)].join('\n'));
    expect((await load(file)).train.id(1)).toBe('line 2');
    writeFileSync(file, [line('train', 0), '{"split": train}'].join('\n'));
    await expectUserError(load(file), 'm.jsonl:2: no JSON');
  });

  it('gives the same bytes with 0, 1 and 3 workers, read in any order, and flat memory', async () => {
    const manifest = writeOwnArrays(await temporaryFolder());
    const digests: string[] = [];
    for (const workers of [0, 1, 3]) {
      const { train } = await load(manifest, { workers });
      const reads = [[3, 1, 2], [5], [0, 7, 9, 11]].map((rows) => train.read(Int32Array.from(rows), ['stats', 'sensor'], 1));
      const read = await Promise.all(workers === 3 ? reads.reverse() : reads);
      if (workers === 3) read.reverse();
      digests.push(JSON.stringify(read.map(({ inputs }) => Object.values(inputs).map(({ values, shape, mask }) => [[...values], shape, mask && [...mask]]))));
      for (const { release } of read) release!();
    }
    expect(new Set(digests).size).toBe(1);
  });

  it.each([0, 2])('an error while reading names sample, modality and file (%i workers)', async (workers) => {
    const folder = await temporaryFolder();
    const dataset = await load(writeOwnArrays(folder), { workers });
    writeFileSync(path.join(folder, 'sensor/3.npy'), npyBytes([5, 2], [1, 2, 3, 4, 5, NaN, 7, 8, 9, 10]));
    await expectUserError(dataset.train.read(Int32Array.of(1, 2, 3, 4), ['stats', 'sensor'], 1), 'Sample "s3" (train), modality sensor', path.join(folder, 'sensor/3.npy'), 'value 5 is NaN');
    writeFileSync(path.join(folder, 'sensor/3.npy'), 'short');
    await expectUserError(dataset.train.read(Int32Array.of(3), ['sensor'], 1), 'Sample "s3" (train), modality sensor', 'truncated');
  });

  it('has a fingerprint that survives a copy and says what has changed', async () => {
    const folder = await temporaryFolder();
    const copy = await temporaryFolder();
    const first = await load(writeOwnArrays(folder));
    cpSync(folder, copy, { recursive: true });
    const manifest = path.join(copy, 'manifest.csv');
    expect((await load(manifest)).fingerprint).toBe(first.fingerprint);
    expect((await load(manifest, { workers: 1 })).fingerprint).toBe(first.fingerprint);
    writeFileSync(path.join(copy, 'sensor/3.npy'), npyBytes([5, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    expect(differingParts(first.parts, (await load(manifest)).parts)).toEqual(['files']);
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replaceAll('calm', 'bored'));
    expect(differingParts(first.parts, (await load(manifest)).parts)).toEqual(['class list', 'samples', 'files']);
  });

  it('stops loading when the run is cancelled', async () => {
    const control = new Control(() => undefined);
    const settings = completeSettings(ownArrays, { manifest: writeOwnArrays(await temporaryFolder()) });
    const loading = ownArrays.load(contextWith({ settings, signal: control.signal, onProgress: () => control.cancel() }));
    await expect(loading).rejects.toBeInstanceOf(Cancelled);
  });
});

describe('training on own arrays', () => {
  const config = (manifest: string, method: string, more: Record<string, unknown> = {}) => smallConfig({
    dataset: { name: 'own-arrays', manifest, ...more }, method: { name: method }, training: { epochs: 2, batchSize: 8, learningRate: 0.05 },
  });

  it('by UDI gives the same numbers with any number of workers, stopped and resumed too, and keeps no tensors', async () => {
    const manifest = writeOwnArrays(await temporaryFolder());
    const [none, three] = [await trainHere(config(manifest, 'udi', { workers: 0 })), await trainHere(config(manifest, 'udi', { workers: 3 }))];
    const pieces = await trainInPieces(config(manifest, 'udi', { workers: 2 }));
    for (const { run, weights } of [three, pieces]) {
      expect(metricsOf(run)).toEqual(metricsOf(none.run));
      expect(weights).toEqual(none.weights);
    }
    for (const counts of Object.values(none.tensors)) expect(new Set(counts).size).toBe(1);
    expect(none.run.test!['stats']!.accuracy).toBeGreaterThan(0.8);
    expect(none.run.notes[0]).toMatch(/^Reading the headers of 61 files/);
    expect(tf.memory().numTensors).toBe(0);
  });

  it.each(['sum', 'unimodal', 'decoupled'])('%s takes samples that lack a modality', async (method) => {
    const { run } = await trainHere(config(writeOwnArrays(await temporaryFolder(), { holes: true }), method, { missing: 'allow' }));
    expect(run.test!['stats']!.accuracy).toBeGreaterThan(0.8);
  });

  it('a method that compares modalities refuses them by name of the sample', async () => {
    const manifest = writeOwnArrays(await temporaryFolder(), { holes: true });
    await expect(trainHere(config(manifest, 'ogm', { missing: 'allow' }))).rejects.toThrow(/wants every modality of every sample, and sample "s0" \(train\) lacks sensor/);
  });
});
