import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
});
