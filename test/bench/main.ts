// `npm run bench`: writes test-results/bench.json and prints the same as tables. Nothing here is asserted.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { requireConfig } from '../../src/core/config/parseConfig.ts';
import { createRun, loadRun } from '../../src/core/run/runStore.ts';
import { chooseBackend, describeBackends, type BackendSearch } from '../../src/trainer/backends/index.ts';
import { createCatalog } from '../../src/trainer/catalog.ts';
import { columns } from '../../src/trainer/cli/summary.ts';
import { runTrainer } from '../../src/trainer/run/runTrainer.ts';
import type { Timings } from '../../src/trainer/loop/timings.ts';
import { measureCheckpoints } from './checkpoints.ts';
import { loopDataset, loopDefinition, loopTables, measureLoop } from './loop.ts';
import { measureStudy, studyDataset } from './study.ts';
import { measureTrainingStep } from './trainingStep.ts';

const root = resolve(__dirname, '..');
const search: BackendSearch = { folders: [root], distFolder: join(root, 'dist') };
const mnist = process.env['UDI_MNIST'] ?? join(root, '../shared/data/mnist');
const torchScript = process.env['UDI_TORCH_STEP'] ?? join(root, '../shared/bench/torch_step.py');

interface TorchStep {
  readonly threads: number;
  readonly ms_per_step: number;
  readonly samples_per_s: number;
}

/** PyTorch's figures for the same step, where it is installed. */
function measureTorch(): TorchStep[] {
  if (!existsSync(torchScript)) return [];
  for (const python of ['python3', '/usr/bin/python3']) {
    const { status, stdout } = spawnSync(python, [torchScript], { encoding: 'utf8' });
    if (status === 0) return stdout.trim().split('\n').map((line) => JSON.parse(line) as TorchStep);
  }
  return [];
}

/** Trains UDI on a subset of synthetic digits: seconds of each stage, memory, and what durability costs. */
async function measureRun() {
  const text = JSON.stringify({
    name: 'bench', dataset: { name: 'synthetic-digits', train: 2000, validation: 500, test: 500 },
    method: { name: 'udi' }, training: { epochs: 3 }, device: 'wasm',
  });
  const folder = mkdtempSync(join(tmpdir(), 'udi-bench-'));
  const timings: Timings = {};
  const begin = performance.now();
  try {
    const run = createRun(folder, requireConfig(text, createCatalog(), 'bench', { name: 'bench' }));
    await runTrainer(run, { search, timings });
    const seconds = (performance.now() - begin) / 1000;
    const stages = loadRun(run).run.stages.map((stage) => ({
      stage: stage.id,
      seconds: stage.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0),
      samplesPerSecond: stage.epochs.reduce((sum, epoch) => sum + (epoch.samplesPerSecond ?? 0), 0) / stage.epochs.length,
    }));
    const durable = { journal: timings.journal ?? 0, checkpoints: timings.checkpoints ?? 0 };
    return { seconds, stages, timings, durable, durableShare: (durable.journal + durable.checkpoints) / seconds };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const usable = (await describeBackends(search)).filter((backend) => backend.usable);
  const steps = [];
  for (const { id } of usable) steps.push(await measureTrainingStep({ device: id, search, ...(id === 'cpu' ? { steps: 2, warmUp: 1 } : {}) }));
  const torch = measureTorch();
  const run = await measureRun();
  await chooseBackend('wasm', search);
  const loop = await measureLoop(search, loopDataset(mnist));
  const checkpoints = await measureCheckpoints();
  const dataset = studyDataset(mnist);
  const study = measureStudy(join(root, 'dist/trainer.cjs'), dataset);
  const result = { machine: { cpu: cpus()[0]?.model.trim(), cores: cpus().length, node: process.version }, steps, torch, run, loop, checkpoints, study, peakMemoryMiB: process.resourceUsage().maxRSS / 1024 };
  mkdirSync(join(root, 'test-results'), { recursive: true });
  writeFileSync(join(root, 'test-results/bench.json'), `${JSON.stringify(result, null, 2)}\n`);

  const one = torch.find((each) => each.threads === 1)?.samples_per_s;
  const ratio = (samples: number): string => (one ? `${(samples / one).toFixed(2)} x` : '-');
  const say = (title: string, rows: string[][]): void => { process.stdout.write(`\n${title}\n${columns(rows)}\n`); };
  say(`CGMNIST training step, color branch, batch 64 (${result.machine.cpu ?? ''}, ${result.machine.cores} cores)`, [
    ['backend', 'ms/step', 'samples/s', 'PyTorch, 1 thread'],
    ...steps.map((step) => [step.device, step.msPerStep.toFixed(1), step.samplesPerSecond.toFixed(0), ratio(step.samplesPerSecond)]),
    ...torch.map((each) => [`PyTorch, ${each.threads} thread(s)`, each.ms_per_step.toFixed(1), each.samples_per_s.toFixed(0), ratio(each.samples_per_s)]),
  ]);
  const wasm = steps.find((step) => step.device === 'wasm');
  if (wasm) say('Where the time goes on wasm', [['kernel', 'ms/step', 'calls'], ...wasm.profile.slice(0, 10).map((each) => [each.kernel, each.msPerStep.toFixed(2), each.callsPerStep.toFixed(0)])]);
  say('UDI on 2000 synthetic digits, 3 epochs a stage, wasm', [
    ['stage', 'seconds', 'samples/s'],
    ...run.stages.map((stage) => [stage.stage, stage.seconds.toFixed(1), stage.samplesPerSecond.toFixed(0)]),
  ]);
  const { rates, parts } = loopTables(loop);
  say(`The loop beside its bare steps: sum on ${String(loopDataset(mnist)['name'])}, batch 64, wasm`, rates);
  process.stdout.write(`${loopDefinition}\n`);
  say('Where the time of an epoch goes', parts);
  const alone = study.find((each) => each.parallel === 1 && !each.cache)!;
  say(`Study alpha + anchor + components, ${alone.runs} runs on 1000 images of ${String(dataset['name'])}, 2 epochs a stage, wasm`, [
    ['trainers', 'stage cache', 'seconds', 'faster', 'stages trained', 'from the cache'],
    ...study.map((each) => [String(each.parallel), each.cache ? 'on' : 'off', each.seconds.toFixed(1), `${(alone.seconds / each.seconds).toFixed(2)} x`, String(each.trained), String(each.cached)]),
  ]);
  const mebibytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);
  say(`Checkpoints of ${mebibytes(checkpoints.bytesPerEpoch)} MiB in every epoch`, [
    ['longest stall without', 'with', 'longest save', 'memory after each epoch, MiB'],
    [`${checkpoints.longestStall.without.toFixed(2)} s`, `${checkpoints.longestStall.with.toFixed(2)} s`, `${checkpoints.longestSave.toFixed(2)} s`, checkpoints.memory.map(mebibytes).join(', ')],
  ]);
  const durable = Object.entries(run.durable).map(([name, seconds]) => `${name} ${seconds.toFixed(2)} s`).join(', ');
  process.stdout.write(`\nDurability: ${durable} of ${run.seconds.toFixed(1)} s = ${(run.durableShare * 100).toFixed(2)} %. Peak memory ${result.peakMemoryMiB.toFixed(0)} MiB.\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
});
