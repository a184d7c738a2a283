import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunConfig } from '../../src/core/config/config.ts';
import { requireConfig } from '../../src/core/config/parseConfig.ts';
import { createRandom } from '../../src/core/random.ts';
import { createRun, loadRun } from '../../src/core/run/runStore.ts';
import type { BackendSearch } from '../../src/trainer/backends/index.ts';
import { createCatalog } from '../../src/trainer/catalog.ts';
import { findDataset } from '../../src/trainer/datasets/index.ts';
import { chooseEncoders } from '../../src/trainer/encoders/chosen.ts';
import { disposeBatch, epochBatches, readBatch, upload } from '../../src/trainer/loop/batches.ts';
import { createStageOptimizer } from '../../src/trainer/loop/stageOptimizer.ts';
import type { Timings } from '../../src/trainer/loop/timings.ts';
import { trainStep } from '../../src/trainer/loop/trainStep.ts';
import { sum } from '../../src/trainer/methods/sum.ts';
import { type FusionKind, MultimodalModel } from '../../src/trainer/model/model.ts';
import { runTrainer } from '../../src/trainer/run/runTrainer.ts';

const SAMPLES = { train: 1024, validation: 256, test: 10 };
const EPOCHS = 3;

/** What the shares that are printed mean. */
export const loopDefinition = `loop share = seconds of bare steps for the epochs' batches / seconds of the training part of the epochs (everything but evaluation
and checkpoints); of whole epochs: / all their seconds. A bare step trains on one batch that is on the device already. Steps, a run of ${EPOCHS} epochs
and steps again take turns; ratios are medians over the rounds.`;

/** One run of a few epochs and the bare steps around it. Seconds are of all its epochs. */
export interface LoopRound {
  readonly samples: number;
  /** Seconds of as many bare steps as the epochs have. */
  readonly bare: number;
  readonly epochs: number;
  readonly training: number;
  /** What the epochs' seconds were spent on. */
  readonly parts: Readonly<Record<'reading' | 'upload' | 'step' | 'evaluation' | 'epochEvents' | 'checkpoints' | 'rest', number>>;
}

/** The loop beside its steps; shares and rates are medians over the rounds. */
export interface LoopCost {
  readonly samplesPerSecond: { readonly bare: number; readonly training: number; readonly epochs: number };
  readonly loopShare: number;
  readonly epochShare: number;
  readonly rounds: readonly LoopRound[];
}

/** What the loop is measured on: CGMNIST, with stored draws where they are, or synthetic digits without the MNIST files. */
export function loopDataset(mnist: string): Record<string, unknown> {
  if (!existsSync(mnist)) return { name: 'synthetic-digits', ...SAMPLES };
  const colors = join(mnist, '../cgmnist');
  return { name: 'cgmnist', root: mnist, ...(existsSync(colors) ? { colors } : {}), limit: SAMPLES };
}

/** Measures joint training (`sum`, both modalities, batches of 64) on wasm: bare steps and whole runs in turn, in this process. */
export async function measureLoop(search: BackendSearch, dataset: Record<string, unknown>, rounds = 5): Promise<LoopCost> {
  const text = JSON.stringify({ name: 'bench', dataset, method: { name: 'sum' }, training: { epochs: EPOCHS, batchSize: 64 }, device: 'wasm' });
  const config = requireConfig(text, createCatalog(), 'bench', { name: 'bench' });
  const bare = await createBareSteps(config, search);
  const measured: LoopRound[] = [];
  try {
    bare.time(5);
    for (let round = 0; round < rounds; round++) {
      const before = bare.time(bare.steps);
      const run = await measureEpochs(config, search);
      const after = bare.time(bare.steps);
      const { epochs = 0, reading = 0, upload: uploading = 0, step = 0, evaluation = 0, epochEvents = 0, checkpoints = 0 } = run;
      const rest = epochs - reading - uploading - step - evaluation - epochEvents - checkpoints;
      measured.push({
        samples: bare.samples * EPOCHS, bare: (before + after) / 2 * EPOCHS, epochs, training: epochs - evaluation - checkpoints,
        parts: { reading, upload: uploading, step, evaluation, epochEvents, checkpoints, rest },
      });
    }
  } finally {
    bare.dispose();
  }
  const over = (of: (round: LoopRound) => number): number => median(measured.map(of));
  return {
    samplesPerSecond: {
      bare: over((each) => each.samples / each.bare), training: over((each) => each.samples / each.training), epochs: over((each) => each.samples / each.epochs),
    },
    loopShare: over((each) => each.bare / each.training),
    epochShare: over((each) => each.bare / each.epochs),
    rounds: measured,
  };
}

/** The figures as rows of two tables: rates with shares, and what an epoch's time is spent on. */
export function loopTables({ samplesPerSecond, loopShare, epochShare, rounds }: LoopCost): { rates: string[][]; parts: string[][] } {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const range = (of: (round: LoopRound) => number): string => {
    const shares = rounds.map(of);
    return `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`;
  };
  const names = Object.keys(rounds[0]?.parts ?? {}) as (keyof LoopRound['parts'])[];
  return {
    rates: [
      ['', 'samples/s', 'loop share', 'rounds'],
      ['bare steps', samplesPerSecond.bare.toFixed(0), '', ''],
      ['training part of epochs', samplesPerSecond.training.toFixed(0), percent(loopShare), range((each) => each.bare / each.training)],
      ['whole epochs', samplesPerSecond.epochs.toFixed(0), percent(epochShare), range((each) => each.bare / each.epochs)],
    ],
    parts: [
      ['part', 'ms/epoch', 'of the epoch'],
      ...names.map((name) => [name, (median(rounds.map((each) => each.parts[name])) / EPOCHS * 1000).toFixed(1), percent(median(rounds.map((each) => each.parts[name] / each.epochs)))]),
    ],
  };
}

/** Seconds of the epochs of a new run with this config, by what they were spent on. */
async function measureEpochs(config: RunConfig, search: BackendSearch): Promise<Timings> {
  const folder = mkdtempSync(join(tmpdir(), 'udi-bench-loop-'));
  const timings: Timings = {};
  // The stage's end, and what is saved after it, is no part of an epoch.
  let ofEpochs: Timings = {};
  try {
    const run = createRun(folder, config);
    const state = await runTrainer(run, { search, timings, cache: false, onEvent: (event) => { if (event.type === 'stageEnded') ofEpochs = { ...timings }; } });
    if (state !== 'finished') throw new Error(`The run ended as ${state}: ${loadRun(run).run.ended?.error?.message ?? ''}`);
    return ofEpochs;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The steps of the same stage alone, all on one batch; made after the backend is active. */
async function createBareSteps(config: RunConfig, search: BackendSearch) {
  const { name, ...settings } = config.dataset;
  const { batchSize, seed, learningRate } = config.training;
  const dataset = await findDataset(name).load({
    settings, folder: process.cwd(), seed, distFolder: search.distFolder, signal: new AbortController().signal, onProgress: () => undefined,
  });
  const modalities = chooseEncoders(config, dataset.modalities, sum, process.cwd());
  const model = new MultimodalModel({ modalities, classes: dataset.classes.length, fusion: config.model.fusion as FusionKind, seed });
  const stage = sum.stages(model, { hparams: {}, seed, epochs: () => EPOCHS, random: () => createRandom(seed), emit: () => undefined }).next().value;
  if (!stage) throw new Error('Joint training has no stage');
  const optimizer = createStageOptimizer(config.training, model, stage.variables);
  const batches = epochBatches(dataset.train.size, batchSize, seed, 1);
  const host = await readBatch(dataset.train, { rows: batches[0]! }, stage.trains, 1);
  const batch = upload(model, dataset, dataset.train, host);
  let step = 0;
  return {
    steps: batches.length,
    samples: dataset.train.size,
    /** Seconds that this many steps take. */
    time: (steps: number): number => {
      const begin = performance.now();
      for (let done = 0; done < steps; done++) trainStep(model, stage, optimizer, batch, { epoch: 0, epochs: EPOCHS, step: step++, steps: batches.length }, learningRate);
      return (performance.now() - begin) / 1000;
    },
    dispose: (): void => {
      disposeBatch(batch);
      host.release();
      for (const part of [optimizer, model]) part.dispose();
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
