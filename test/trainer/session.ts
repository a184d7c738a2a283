import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { RunEvent } from '../../src/core/run/events.ts';
import { requireConfig } from '../../src/core/config/parseConfig.ts';
import { createRun, loadRun, runFiles } from '../../src/core/run/runStore.ts';
import type { Run } from '../../src/core/run/run.ts';
import { createCatalog } from '../../src/trainer/catalog.ts';
import { runTrainer } from '../../src/trainer/run/runTrainer.ts';
import { readSafetensors, type StoredTensor } from '../../src/core/files/safetensors.ts';
import { search } from './numbers.ts';

/** A config on small synthetic arrays; `lines` replace or add keys. */
export function smallConfig(lines: Record<string, unknown> = {}): string {
  return JSON.stringify({
    name: 'small',
    dataset: { name: 'synthetic-arrays', train: 96, validation: 48, test: 48 },
    method: { name: 'udi' },
    training: { epochs: 3, batchSize: 32, learningRate: 0.05 },
    device: 'wasm',
    ...lines,
  });
}

/** Creates a run from a config text in a fresh folder that `cleanUp` removes. */
export function createTemporaryRun(text: string): { folder: string; cleanUp: () => void } {
  const root = mkdtempSync(join(tmpdir(), 'udi-test-'));
  const folder = createRun(root, requireConfig(text, createCatalog(), 'test', { name: 'test' }));
  return { folder, cleanUp: () => rmSync(root, { recursive: true, force: true }) };
}

/** What a finished run left behind. */
export interface Outcome {
  readonly run: Run;
  /** Number of tensors at the end of every epoch, by stage. */
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  readonly weights: Record<string, StoredTensor>;
}

/** Trains a config in this process, to its end. */
export async function trainHere(text: string): Promise<Outcome> {
  const { folder, cleanUp } = createTemporaryRun(text);
  try {
    const tensors: Record<string, number[]> = {};
    const onEvent = (event: RunEvent): void => {
      if (event.type === 'epoch') (tensors[event.stage] ??= []).push(tf.memory().numTensors);
    };
    await runTrainer(folder, { search, onEvent });
    const { run } = loadRun(folder);
    if (run.ended?.state !== 'finished') throw new Error(run.ended?.error?.message ?? 'not finished');
    return { run, tensors, weights: readWeights(folder) };
  } finally {
    cleanUp();
  }
}

/** Trains a config in this process, stopped after every epoch and resumed, to its end. */
export async function trainInPieces(text: string): Promise<Pick<Outcome, 'run' | 'weights'>> {
  const { folder, cleanUp } = createTemporaryRun(text);
  try {
    for (let state = 'stopped'; state === 'stopped';) {
      // The claim of a process ends with it; here one process stands for several.
      rmSync(join(folder, runFiles.trainer), { force: true });
      let stop = (): void => undefined;
      state = await runTrainer(folder, {
        search,
        onControl: (control) => { stop = () => control.stop(); },
        onEvent: (event) => { if (event.type === 'epoch') stop(); },
      });
    }
    return { run: loadRun(folder).run, weights: readWeights(folder) };
  } finally {
    cleanUp();
  }
}

/** The weights of a finished run. */
export function readWeights(folder: string): Record<string, StoredTensor> {
  return readSafetensors(join(folder, 'model.safetensors'));
}

/** The journal's numbers without what differs from one machine or moment to another (times, speeds, numbering). */
export function metricsOf(run: Run): unknown {
  const epochs = run.stages.flatMap((stage) => stage.epochs.map(({ seq: _, time: __, seconds: ___, samplesPerSecond: ____, ...metrics }) => metrics));
  const anchor = run.anchor ? { ...run.anchor, seq: 0, time: 0 } : undefined;
  return { epochs, stages: run.stages.map(({ id, ended }) => ({ id, ended })), anchor, test: run.test };
}
