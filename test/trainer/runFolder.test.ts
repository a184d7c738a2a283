import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputsFile, readOutputs } from '../../src/core/run/outputs.ts';
import { loadRun } from '../../src/core/run/runStore.ts';
import { storedSummary, summaryOf, type RunSummary } from '../../src/core/run/summary.ts';
import { runTrainer } from '../../src/trainer/run/runTrainer.ts';
import { search } from './numbers.ts';
import { createTemporaryRun, smallConfig } from './session.ts';

/** What the trainer leaves in the folder of a run, beside journal and checkpoints. */
describe('the folder of a trained run', () => {
  let folder: string;
  let cleanUp: () => void;
  const atStageEnds: (RunSummary | undefined)[] = [];
  beforeAll(async () => {
    ({ folder, cleanUp } = createTemporaryRun(smallConfig()));
    await runTrainer(folder, { search, cache: false, onEvent: ({ type }) => { if (type === 'stageEnded') atStageEnds.push(storedSummary(folder)); } });
  });
  afterAll(() => cleanUp());

  it('has a summary that agrees with its journal at the end of every stage and of the run', () => {
    expect(atStageEnds.map((summary) => summary?.epochs.done)).toEqual([3, 6, 9, 12, 15]);
    const { run, state } = loadRun(folder);
    const stored = storedSummary(folder)!;
    expect(stored).toEqual(JSON.parse(JSON.stringify(summaryOf(run, stored))));
    expect([state, stored.ended?.state]).toEqual(['finished', 'finished']);
  });

  it('has the logits of every test sample, of which the accuracies of the journal are made', () => {
    const { run } = loadRun(folder);
    const outputs = readOutputs(folder, 'test')!;
    expect(Object.keys(outputs.logits).sort()).toEqual(Object.keys(run.test!).sort());
    expect([outputs.split, outputs.classes, new Set(outputs.ids).size, outputs.labels.length]).toEqual(['test', run.started!.dataset.classes, 48, 48]);
    for (const [target, { columns, values }] of Object.entries(outputs.logits)) {
      const right = Array.from(outputs.labels).filter((label, row) => {
        const own = values.subarray(row * columns, (row + 1) * columns);
        return own.indexOf(Math.max(...own)) === label;
      }).length;
      expect(right / 48).toBeCloseTo(run.test![target]!['accuracy'] as number, 12);
    }
    expect(readOutputs(folder, 'validation')).toBeUndefined();
    const file = outputsFile(folder, 'test');
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    expect(() => readOutputs(folder, 'test')).toThrow(/test\.safetensors cannot be used: .*cut off/);
  });
});
