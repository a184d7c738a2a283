import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStudy, studyRuns } from '../../src/core/study/studyStore.ts';
import { createCatalog } from '../../src/trainer/catalog.ts';

/** Wall-clock of one way to run the study. */
export interface StudyTime {
  readonly parallel: number;
  readonly cache: boolean;
  readonly seconds: number;
  readonly runs: number;
  /** Stages that were trained, and that came out of the cache. */
  readonly trained: number;
  readonly cached: number;
}

/** What the study is measured on: CGMNIST where the MNIST files are, else synthetic digits. */
export function studyDataset(mnist: string): Record<string, unknown> {
  return existsSync(mnist)
    ? { name: 'cgmnist', root: mnist, limit: { train: 1000, validation: 500, test: 500 } }
    : { name: 'synthetic-digits', train: 1000, validation: 500, test: 500 };
}

/** Runs the presets alpha, anchor and components with one seed, by the built command line, in every way of interest. */
export function measureStudy(trainer: string, dataset: Record<string, unknown>): StudyTime[] {
  return [
    { parallel: 1, cache: false }, { parallel: 1, cache: true }, { parallel: 2, cache: false }, { parallel: 2, cache: true },
  ].map((way) => ({ ...way, ...runStudy(trainer, dataset, way.parallel, way.cache) }));
}

function runStudy(trainer: string, dataset: Record<string, unknown>, parallel: number, cache: boolean): Omit<StudyTime, 'parallel' | 'cache'> {
  const root = mkdtempSync(join(tmpdir(), 'udi-bench-study-'));
  const [runs, file] = [join(root, '.udi/runs'), join(root, 'bench.udi-study.json')];
  mkdirSync(runs, { recursive: true });
  const base = { name: 'bench', dataset, method: { name: 'udi' }, training: { epochs: 2 }, device: 'wasm' };
  writeFileSync(file, JSON.stringify({ name: 'bench', base, presets: ['alpha', 'anchor', 'components'] }));
  try {
    const begin = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [trainer, 'study', 'run', file, '--parallel', String(parallel), '--runs', runs], {
      cwd: root, encoding: 'utf8', env: { ...process.env, UDI_CACHE: cache ? '' : 'off' },
    });
    const seconds = (performance.now() - begin) / 1000;
    if (status !== 0) throw new Error(`The study ended with code ${status ?? '?'}: ${stderr}`);
    const stored = loadStudy(join(root, '.udi/studies/bench'));
    const stages = [...studyRuns(stored, createCatalog()).values()].flatMap(({ run }) => run.stages);
    const cached = stages.filter((stage) => stage.ended?.cached).length;
    return { seconds, runs: stored.plan.runs.length, trained: stages.length - cached, cached };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
