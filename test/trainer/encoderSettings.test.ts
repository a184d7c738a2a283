import * as tf from '@tensorflow/tfjs-core';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireConfig } from '../../src/core/config/parseConfig.ts';
import { createRandom } from '../../src/core/random.ts';
import { createRun, loadRun, readJournal, runFiles } from '../../src/core/run/runStore.ts';
import { createCatalog } from '../../src/trainer/catalog.ts';
import { cgmnistEncoder } from '../../src/trainer/encoders/cgmnist.ts';
import { mlpEncoder } from '../../src/trainer/encoders/mlp.ts';
import { dropout } from '../../src/trainer/model/layers.ts';
import type { EncoderKind, Pass } from '../../src/trainer/model/module.ts';
import { runTrainer } from '../../src/trainer/run/runTrainer.ts';
import { openPretrained } from '../../src/trainer/store/pretrained.ts';
import { writeSafetensors } from '../../src/trainer/store/safetensors.ts';
import { cacheFolder } from '../../src/trainer/store/stageCache.ts';
import { expectClose, search, useBackend } from './numbers.ts';
import { createTemporaryRun, metricsOf, readWeights, smallConfig, trainHere, trainInPieces } from './session.ts';

useBackend('wasm');

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'udi-encoder-')); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const training = { epochs: 2, batchSize: 32, learningRate: 0.05 };
const configOf = (encoder: unknown, method = 'sum', more: Record<string, unknown> = {}): string =>
  smallConfig({ model: { encoder }, method: { name: method }, training, dataset: { name: 'synthetic-arrays', modalities: 2, train: 96, validation: 48, test: 48 }, ...more });

/** Writes tensors of ordinary numbers. */
async function fileOf(name: string, tensors: Readonly<Record<string, { shape: readonly number[]; values: ArrayLike<number> }>>, metadata = {}): Promise<string> {
  const path = join(folder, name);
  await writeSafetensors(path, Object.entries(tensors).map(([key, { shape, values }]) => ({ name: key, shape, values: () => Promise.resolve(Float32Array.from(values)) })), metadata);
  return path;
}

describe('settings of encoders', () => {
  it('have the defaults that the encoder had without settings, and change it', async () => {
    const plain = await trainHere(configOf('mlp'));
    const named = await trainHere(configOf({ name: 'mlp' }));
    expect(named.weights).toEqual(plain.weights);
    expect(named.weights['m1.encoder.fc1.weight']!.shape).toEqual([8, 64]);
    const other = await trainHere(configOf({ m1: 'mlp', m2: { name: 'mlp', width: 16, layers: 3 } }));
    expect(Object.keys(other.weights).filter((name) => name.startsWith('m2.encoder'))).toHaveLength(6);
    expect(other.weights['m2.encoder.fc3.weight']!.shape).toEqual([16, 16]);
    expect(other.run.started?.dataset.modalities[1]).toMatchObject({ encoder: 'mlp', settings: { width: 16, layers: 3, dropout: 0 } });
  });

  it('drop out the same units in a resumed run, and none in an evaluation', async () => {
    for (const method of ['sum', 'udi']) {
      const config = configOf({ name: 'mlp', dropout: 0.4 }, method, { training: { ...training, epochs: 3 } });
      const calm = await trainHere(config);
      const pieces = await trainInPieces(config);
      expect(metricsOf(pieces.run), method).toEqual(metricsOf(calm.run));
      expect(pieces.weights, method).toEqual(calm.weights);
      expect((await trainHere(configOf({ name: 'mlp' }, method, { training: { ...training, epochs: 3 } }))).weights).not.toEqual(calm.weights);
      for (const counts of Object.values(calm.tensors)) expect(new Set(counts).size, 'flat').toBe(1);
    }
  });

  it('drop a share of the values and scale the others up', () => {
    tf.tidy(() => {
      const x = tf.ones([200, 100]);
      const dropped = Array.from(dropout(x, 0.3, { mode: 'train', random: createRandom(1) }).dataSync());
      const kept = dropped.filter((value) => value !== 0);
      expectClose(kept, kept.map(() => 1 / 0.7), 1e-6, 'scale');
      expect(Math.abs(kept.length / dropped.length - 0.7)).toBeLessThan(0.02);
      expect(dropout(x, 0.3, { mode: 'evaluate', random: createRandom(1) })).toBe(x);
      expect(dropout(x, 0, { mode: 'train', random: createRandom(1) })).toBe(x);
    });
  });

  it('each make stages that other settings do not share', async () => {
    const root = mkdtempSync(join(tmpdir(), 'udi-keys-'));
    try {
      const entries = async (encoder: unknown): Promise<number> => {
        const run = createRun(root, requireConfig(configOf(encoder, 'decoupled', { training: { ...training, epochs: 1 } }), createCatalog(), 'test', { name: 'test' }));
        expect(await runTrainer(run, { search })).toBe('finished');
        return readdirSync(cacheFolder(run)).filter((name) => /^[0-9a-f]{64}$/.test(name)).length;
      };
      const weights = await fileOf('key.safetensors', Object.fromEntries(Object.entries(await freshVariables(mlpEncoder, [8])).map(([name, each]) => [name, each])), { config: '{}' });
      const again = await fileOf('key-again.safetensors', Object.fromEntries(Object.entries(await freshVariables(mlpEncoder, [8], 3)).map(([name, each]) => [name, each])), { config: '{}' });
      const settings: unknown[] = ['mlp', { name: 'mlp', width: 8 }, { name: 'mlp', layers: 3 }, { name: 'mlp', dropout: 0.1 }, { name: 'mlp', freeze: ['fc1'] },
        { name: 'mlp', freeze: ['fc2'] }, { name: 'mlp', weights }, { name: 'mlp', weights: again }];
      const stages = await entries(settings[0]);
      for (const [index, encoder] of settings.entries()) expect(await entries(encoder), JSON.stringify(encoder)).toBe(stages * (index + 1));
      expect(await entries({ name: 'mlp', width: 64 }), 'the defaults, written out').toBe(stages * settings.length);
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  it('are refused before the data are read where one head cannot take all features', async () => {
    for (const method of ['mla', 'reconboost']) {
      const { folder: run, cleanUp } = createTemporaryRun(configOf({ m1: { name: 'mlp', width: 8 }, m2: 'mlp' }, method, { training: { ...training, epochs: 8 } }));
      expect(await runTrainer(run, { search })).toBe('failed');
      expect(loadRun(run).run.ended?.error?.message).toMatch(/must give equally many features \(m1: 8, m2: 64\)/);
      expect(loadRun(run).run.started).toBeUndefined();
      cleanUp();
    }
  });
});

/** Variables of a new encoder in ordinary memory. */
async function freshVariables(kind: EncoderKind, shape: readonly number[], seed = 7): Promise<Record<string, { shape: number[]; values: Float32Array }>> {
  const encoder = kind.create({ shape }, { width: 64, layers: 2, dropout: 0 }, createRandom(seed));
  const entries = await Promise.all(Object.entries({ ...encoder.parameters, ...encoder.buffers }).map(async ([name, variable]) =>
    [name, { shape: variable.shape, values: Float32Array.from(await variable.data()) }] as const));
  encoder.dispose();
  return Object.fromEntries(entries);
}

describe('pre-trained weights', () => {
  it('come from another run, stay where they are frozen, and are noted', async () => {
    const { folder: first, cleanUp } = createTemporaryRun(configOf('mlp'));
    expect(await runTrainer(first, { search })).toBe('finished');
    const before = readWeights(first);
    const weights = join(first, runFiles.model);
    for (const method of ['sum', 'mmpareto', 'greedy', 'udi', 'ogm', 'relearning']) {
      const config = configOf({ m1: { name: 'mlp', weights, freeze: ['fc1'] }, m2: { name: 'mlp', weights, freeze: ['fc1', 'fc2'] } }, method);
      const { run, weights: after, tensors } = await trainHere(config);
      for (const name of ['m1.encoder.fc1.weight', 'm1.encoder.fc1.bias', 'm2.encoder.fc1.weight', 'm2.encoder.fc2.bias']) expect(after[name], `${method}: ${name}`).toEqual(before[name]);
      expect(after['m1.encoder.fc2.weight'], method).not.toEqual(before['m1.encoder.fc2.weight']);
      for (const counts of Object.values(tensors)) expect(new Set(counts).size, `${method}: tensors`).toBe(1);
      expect(run.started!.dataset.modalities[0]).toMatchObject({ parameters: 8 * 64 + 64 + 64 * 64 + 64 + 64 * 4 + 4, frozen: 8 * 64 + 64, weights: { file: weights, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string } });
      expect(run.notes.filter((note) => note.startsWith('Weights of m1: not used of model.safetensors: '))).toHaveLength(1);
    }
    cleanUp();
  });

  it('must be the same when the run goes on', async () => {
    const weights = await fileOf('changing.safetensors', await freshVariables(mlpEncoder, [8]), { config: '{}' });
    const { folder: run, cleanUp } = createTemporaryRun(configOf({ name: 'mlp', weights }));
    const states = [await runTrainer(run, { search, onControl: (control) => control.stop() })];
    expect(states).toEqual(['stopped']);
    rmSync(join(run, runFiles.trainer), { force: true });
    await fileOf('changing.safetensors', await freshVariables(mlpEncoder, [8], 8), { config: '{}' });
    expect(await runTrainer(run, { search })).toBe('failed');
    expect(loadRun(run).run.ended?.error?.message).toMatch(/weights of m1 .*are not those that this run was started with/);
    expect(readJournal(run).events.filter(({ type }) => type === 'resumed')).toEqual([]);
    cleanUp();
  });

  it.each([['mlp', mlpEncoder, [5]], ['cgmnist', cgmnistEncoder, [28, 28, 3]]] as const)('of a PyTorch module with our names give the same features: %s', async (_, kind, shape) => {
    const ours = await freshVariables(kind, shape);
    // PyTorch keeps [out, in, height, width] and [out, in].
    const theirs = Object.fromEntries(Object.entries(ours).map(([name, { shape: axes, values }]) => tf.tidy(() => {
      const tensor = axes.length === 4 ? tf.transpose(tf.tensor(values, axes), [3, 2, 0, 1]) : axes.length === 2 ? tf.transpose(tf.tensor(values, axes)) : tf.tensor(values, axes);
      return [`module.backbone.${name}`, { shape: tensor.shape, values: tensor.dataSync() }] as const;
    })));
    const path = await fileOf(`${kind.id}.safetensors`, { ...theirs, 'module.backbone.bn0.num_batches_tracked': { shape: [], values: [3] }, 'module.fc9.weight': { shape: [1], values: [1] } });
    const settings = { width: 64, layers: 2, dropout: 0 };
    const [expected, loaded] = [kind.create({ shape }, settings, createRandom(7)), kind.create({ shape }, settings, createRandom(8))];
    const pretrained = openPretrained(path, 'gray');
    pretrained.load({ ...loaded.parameters, ...loaded.buffers });
    expect(pretrained.unused).toEqual(['module.fc9.weight']);
    const pass: Pass = { mode: 'evaluate', random: createRandom(0) };
    tf.tidy(() => {
      const values = tf.randomNormal([2, ...shape], 0, 1, 'float32', 4);
      expect(Array.from(loaded.apply({ values }, pass).dataSync())).toEqual(Array.from(expected.apply({ values }, pass).dataSync()));
    });
    expected.dispose();
    loaded.dispose();
  });

  it('are refused with what is missing, what has another shape, and what the file has', async () => {
    const { 'fc1.weight': weight, 'fc1.bias': bias, 'fc2.bias': other } = await freshVariables(mlpEncoder, [5]);
    const load = (path: string) => () => {
      const encoder = mlpEncoder.create({ shape: [5] }, { width: 64, layers: 2, dropout: 0 }, createRandom(1));
      try {
        openPretrained(path, 'gray').load(encoder.parameters);
      } finally {
        encoder.dispose();
      }
    };
    const path = await fileOf('wrong.safetensors', { 'fc1.weight': weight!, 'fc1.bias': bias!, 'fc2.bias': other!, 'extra.weight': bias! });
    expect(load(path)).toThrow(/wrong\.safetensors\) do not fit the encoder: fc1\.weight is \[5, 64\] instead of \[64, 5\]; fc2\.weight is missing\./);
    expect(load(path)).toThrow(expect.objectContaining({ hint: 'The file has: extra.weight, fc1.bias, fc1.weight, fc2.bias.' }));
    expect(load(join(folder, 'absent.safetensors'))).toThrow(/weights of gray .*cannot be read: .*ENOENT/);
    appendFileSync(path, 'x');
    expect(load(path)).toThrow(/cannot be read: .*something was added/);
    const { folder: run, cleanUp } = createTemporaryRun(configOf({ name: 'mlp', freeze: ['fc3'] }));
    expect(await runTrainer(run, { search })).toBe('failed');
    expect(loadRun(run).run.ended?.error).toMatchObject({ message: expect.stringContaining('has nothing named fc3') as string, hint: 'It has: fc1, fc2.' });
    expect(existsSync(join(run, runFiles.model))).toBe(false);
    cleanUp();
  });
});
