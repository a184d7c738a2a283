import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import { backends, chooseBackend, describeBackends } from '../../../src/trainer/backends/index.ts';
import { search } from '../numbers.ts';

let empty: string;
beforeAll(() => {
  empty = mkdtempSync(join(tmpdir(), 'udi-backends-'));
});
afterAll(() => rmSync(empty, { recursive: true, force: true }));

/** A package of this name and version in `folder`, whose main file is `code`. */
function install(folder: string, name: string, version: string, code = ''): void {
  const path = join(folder, 'node_modules', name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, version, main: 'index.js' }));
  writeFileSync(join(path, 'index.js'), code);
}

async function failure(device: string, folders: string[]): Promise<UserError> {
  const error: unknown = await chooseBackend(device, { ...search, folders }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UserError);
  return error as UserError;
}

describe('auto', () => {
  it('takes wasm where nothing faster is installed, and says why', async () => {
    const { id, device, skipped } = await chooseBackend('auto', {
      ...search,
      distFolder: search.distFolder,
      folders: [empty, ...search.folders],
    });
    expect(id).toBe('wasm');
    expect(device).toMatch(/one thread/);
    expect(tf.getBackend()).toBe('wasm');
    expect(skipped.map((each) => each.id)).toEqual(['tfjs-node-gpu', 'tfjs-node', 'webgpu']);
    for (const { reason } of skipped) expect(reason).not.toBe('');
  });

  it('never takes cpu', async () => {
    const error = await failure('auto', [empty]).catch(() => undefined);
    // Where a build has left dist/wasm, wasm is found even so.
    if (error) expect(error.hint).toContain('--device cpu');
    else expect(tf.getBackend()).toBe('wasm');
  });
});

describe('a forced device', () => {
  it('is used', async () => {
    expect(await chooseBackend('cpu', search)).toMatchObject({ id: 'cpu', skipped: [] });
    expect(tf.getBackend()).toBe('cpu');
  });

  it('that does not exist is refused with the list of devices', async () => {
    const error = await failure('tpu', [empty]);
    expect(`${error.message} ${error.hint}`).toContain('auto, tfjs-node-gpu, tfjs-node, webgpu, wasm, cpu');
  });

  it.each(['tfjs-node', 'webgpu'])('%s that is not installed is refused with how to get it', async (device) => {
    const error = await failure(device, [empty]);
    expect(error.message).toMatch(/is not installed/);
    expect(error.hint).toContain(`udi install-backend ${device}`);
  });

  it('of another version is refused', async () => {
    const folder = join(empty, 'old');
    install(folder, '@tensorflow/tfjs-node', '3.21.0');
    expect((await failure('tfjs-node', [folder])).message).toMatch(/3\.21\.0 is installed, but 4\.22\.0 is needed/);
  });

  it('that does not load is refused with the reason, and nothing else changes', async () => {
    await chooseBackend('cpu', search);
    const folder = join(empty, 'broken');
    install(folder, '@tensorflow/tfjs-node', tf.version_core, 'throw new Error("The native addon is missing")');
    expect((await failure('tfjs-node', [folder])).message).toContain('does not load: The native addon is missing');
    expect(tf.getBackend()).toBe('cpu');
  });
});

describe('the doctor', () => {
  it('describes every backend', async () => {
    const reports = await describeBackends({ ...search, folders: [empty, ...search.folders] });
    expect(reports.map(({ id }) => id)).toEqual(backends.map(({ id }) => id));
    for (const { id, usable, reason, howToGet, device } of reports) {
      if (usable) expect(device, id).toBeTruthy();
      else expect(reason && howToGet, id).toBeTruthy();
    }
    expect(reports.find(({ id }) => id === 'wasm')).toMatchObject({ usable: true, automatic: true });
    expect(reports.find(({ id }) => id === 'cpu')).toMatchObject({ usable: true, automatic: false });
  });
});
