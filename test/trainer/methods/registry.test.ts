import { spawn } from 'node:child_process';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadRun, readJournal } from '../../../src/core/run/runStore.ts';
import type { Method, Stage, StageResult } from '../../../src/trainer/methods/method.ts';
import { methods } from '../../../src/trainer/methods/index.ts';
import type { MultimodalModel } from '../../../src/trainer/model/model.ts';
import { search, useBackend } from '../numbers.ts';
import { createTemporaryRun, metricsOf, readWeights, smallConfig, trainHere } from '../session.ts';

useBackend('wasm');

const training = { epochs: 3, batchSize: 32, learningRate: 0.05 };
/** A method that spreads its epochs over the modalities needs more of them than the others. */
const trainingOf = (method: Method, modalities: number) => ({ ...training, epochs: Math.max(training.epochs, (method.budget?.perModality ?? 0) * modalities) });

/** A config of this method on as many modalities as it takes, three at most; `lines` replace or add keys. */
function configFor(method: Method, lines: Record<string, unknown> = {}): string {
  const modalities = Math.min(3, method.modalities?.max ?? 3);
  return smallConfig({ method: { name: method.id }, dataset: { name: 'synthetic-arrays', modalities, train: 96, validation: 48, test: 48 }, training: trainingOf(method, modalities), ...lines });
}

const fusionsOf = (method: Method): string[] => (method.ownFusion ? ['sum'] : ['sum', 'mean', 'concat']);
const cases = methods.flatMap((method) => fusionsOf(method).map((fusion) => ({ id: method.id, fusion, method })));

describe.each(cases)('method $id with fusion $fusion', ({ method, fusion }) => {
  it('learns, gives the same numbers again, leaves no tensor behind', async () => {
    const config = configFor(method, { model: { fusion } });
    const before = tf.memory().numTensors;
    const first = await trainHere(config);
    expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
    for (const [stage, counts] of Object.entries(first.tensors)) expect(new Set(counts).size, `${stage}: ${counts.join(' ')} tensors`).toBe(1);
    expect(first.run.stages.reduce((sum, stage) => sum + stage.epochs.length, 0), 'planned epochs').toBe(first.run.started!.plannedEpochs);
    for (const stage of first.run.stages) {
      // Where the weights of the terms change over the epochs, the classification loss is the one that must fall.
      const losses = stage.epochs.map((epoch) => epoch.losses['classification'] ?? epoch.losses['total']!);
      if (losses.length > 1) expect(losses.at(-1), `${stage.id}: ${losses.join(' ')}`).toBeLessThan(losses[0]!);
    }
    for (const [target, scores] of Object.entries(first.run.test!)) {
      expect(scores.confusion!.flat().reduce((sum, count) => sum + count), target).toBe(48);
      if (target === 'm1') expect(scores['accuracy'], target).toBeGreaterThan(0.4);
    }
    const second = await trainHere(config);
    expect(metricsOf(second.run)).toEqual(metricsOf(first.run));
    expect(second.weights).toEqual(first.weights);
    const other = await trainHere(configFor(method, { model: { fusion }, training: { ...trainingOf(method, 3), seed: 1 } }));
    expect(metricsOf(other.run)).not.toEqual(metricsOf(first.run));
  });

  it('moves every variable that a stage trains, and no other', async () => {
    const seen: string[] = [];
    const registry = methods as Method[];
    registry[registry.indexOf(method)] = { ...method, stages: (model, context) => watched(model, method.stages(model, context), seen) };
    try {
      await trainHere(configFor(method, { model: { fusion }, training: { ...trainingOf(method, 3), keep: 'last' } }));
    } finally {
      registry[registry.findIndex((each) => each.id === method.id)] = method;
    }
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((line) => !line.endsWith(' as it should'))).toEqual([]);
  });
});

/** The same stages; when one is done, `seen` gets a line for every variable of the model. */
function* watched(model: MultimodalModel, stages: Generator<Stage, void, StageResult>, seen: string[]): Generator<Stage, void, StageResult> {
  for (let next = stages.next(); !next.done;) {
    const stage = next.value;
    const before = Object.entries(model.variables()).map(([name, variable]) => ({ name, variable, values: variable.dataSync().slice() }));
    const result = yield stage;
    const trained = new Set(Object.values(stage.variables));
    for (const { name, variable, values } of before) {
      // Running statistics move in the branches that run forward in training mode; the others are trained or at rest.
      if (!variable.trainable && stage.trains.some((modality) => name.startsWith(`${modality}.`))) continue;
      if (!variable.trainable && !name.includes('.encoder.')) continue;
      const now = variable.dataSync();
      const moved = values.some((value, index) => value !== now[index]);
      seen.push(`${stage.id}: ${name} ${moved ? 'moved' : 'stayed'} ${moved === trained.has(variable) ? 'as it should' : 'although it should not'}`);
    }
    next = stages.next(result);
  }
}

describe.each(methods.map((method) => ({ id: method.id, method })))('method $id', ({ method }) => {
  afterEach(() => { vi.restoreAllMocks(); });

  it('reads back as often for many steps as for few', async () => {
    const backend = tf.backend();
    const reads = vi.spyOn(backend, 'read');
    const syncReads = vi.spyOn(tf.Tensor.prototype, 'dataSync');
    const count = async (batchSize: number): Promise<number> => {
      reads.mockClear();
      // Copies of the best epoch are read too, and which one that is depends on the batches.
      await trainHere(configFor(method, { training: { ...training, epochs: (method.budget?.perModality ?? 0) * 3 || 1, batchSize, keep: 'last' } }));
      return reads.mock.calls.length;
    };
    const few = await count(32);
    expect(few).toBeGreaterThan(0);
    expect(await count(8), '12 steps an epoch must read as often as 3').toBe(few);
    expect(syncReads).not.toHaveBeenCalled();
  });

  it('killed in the middle and resumed gives bit for bit what an undisturbed run gives', async () => {
    const config = configFor(method);
    const calm = await trainHere(config);
    const { folder, cleanUp } = createTemporaryRun(config);
    try {
      const epochs = calm.run.started!.plannedEpochs;
      expect(await trainInProcess(folder, Math.max(1, Math.floor(epochs / 2)))).toBe('killed');
      expect(loadRun(folder).state).toBe('interrupted');
      expect(await trainInProcess(folder)).toBe('ended');
      expect(metricsOf(loadRun(folder).run)).toEqual(metricsOf(calm.run));
      expect(readWeights(folder)).toEqual(calm.weights);
    } finally {
      cleanUp();
    }
  });

  it('takes the numbers of modalities it says, and refuses others before anything is loaded', async () => {
    const { min = 1, max = Infinity } = method.modalities ?? {};
    const train = (modalities: number) => trainHere(configFor(method, { dataset: { name: 'synthetic-arrays', modalities, train: 96, validation: 48, test: 48 }, training: { ...training, epochs: (method.budget?.perModality ?? 0) * modalities || 1 } }));
    for (const modalities of [1, 2, 3]) {
      if (modalities >= min && modalities <= max) expect((await train(modalities)).run.test).toBeDefined();
      else await expect(train(modalities)).rejects.toThrow(/takes (exactly|at least|at most) \d modalities, not \d/);
    }
  });

  it('describes every setting', () => {
    for (const [key, spec] of Object.entries(method.hparams)) {
      expect(spec.help, key).toMatch(/\.$/);
      expect(spec.source, key).toBeTruthy();
    }
    expect(method.source).not.toBe('');
  });
});

/** Runs the built trainer on a run folder, to its end or until the journal has `epochs` epochs; then it is killed. */
async function trainInProcess(folder: string, epochs = Infinity): Promise<'ended' | 'killed'> {
  const child = spawn(process.execPath, [join(search.distFolder, 'trainer.cjs'), 'run', folder], { stdio: 'ignore' });
  const closed = new Promise<'ended'>((resolve) => { child.once('close', () => resolve('ended')); });
  const watching = setInterval(() => {
    if (readJournal(folder).events.filter((event) => event.type === 'epoch').length >= epochs) child.kill('SIGKILL');
  }, 2);
  try {
    await closed;
    return child.signalCode === 'SIGKILL' ? 'killed' : 'ended';
  } finally {
    clearInterval(watching);
  }
}
