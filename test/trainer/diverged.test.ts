import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { EpochEvent, NewEvent, RunEvent } from '../../src/core/run/events.ts';
import { loadRun, readJournal, runFiles } from '../../src/core/run/runStore.ts';
import { readStudyJournal } from '../../src/core/study/studyStore.ts';
import { Control } from '../../src/trainer/loop/control.ts';
import { Diverged, requireFiniteEpoch, requireFiniteTest } from '../../src/trainer/loop/diverged.ts';
import { scoreLogits } from '../../src/trainer/model/metrics.ts';
import { Journal, StudyJournal } from '../../src/trainer/run/journal.ts';
import { runTrainer, type TrainerOptions } from '../../src/trainer/run/runTrainer.ts';
import { Checkpoints } from '../../src/trainer/store/checkpoint.ts';
import { cacheFolder, StageCache } from '../../src/trainer/store/stageCache.ts';
import { search } from './numbers.ts';
import { createTemporaryRun, smallConfig } from './session.ts';

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp();
});

function temporaryRun(lines: Record<string, unknown>): string {
  const { folder, cleanUp } = createTemporaryRun(smallConfig(lines));
  cleanUps.push(cleanUp);
  return folder;
}

/** Trains a run in this process, which stands for several. */
async function train(folder: string, options: Partial<TrainerOptions> = {}): Promise<string> {
  rmSync(join(folder, runFiles.trainer), { force: true });
  return runTrainer(folder, { search, cache: false, ...options });
}

const epochsOf = (folder: string): EpochEvent[] => readJournal(folder).events.filter((event): event is EpochEvent => event.type === 'epoch');

describe('a run that diverges', () => {
  it('fails at the epoch whose validation is not finite, though every loss before was; the journal stays whole and it can be resumed', async () => {
    // One step in each epoch: the loss is measured before the update that overflows.
    const folder = temporaryRun({ method: { name: 'sum' }, training: { epochs: 4, batchSize: 96, learningRate: 1e30 } });
    expect(await train(folder)).toBe('failed');
    const [epoch, ...more] = epochsOf(folder);
    expect(more).toEqual([]);
    expect(Number.isFinite(epoch!.losses['total'])).toBe(true);
    expect(epoch!.validation['fusion']).toEqual({ accuracy: NaN, f1: NaN, loss: NaN, entropy: NaN });
    expect(readJournal(folder).damagedLines).toBe(0);
    expect(readFileSync(join(folder, runFiles.events), 'utf8')).not.toContain('null');
    expect(loadRun(folder).run.ended?.error).toMatchObject({
      message: expect.stringMatching(/^The run diverged in epoch 1 of joint: the validation \w+ of \w+ is not finite/) as string,
      hint: expect.stringContaining('Resuming goes on from the beginning of joint') as string,
      diverged: { stage: 'joint', epoch: 1 },
    });
    expect(await train(folder)).toBe('failed');
    expect(readJournal(folder).events.filter(({ type }) => type === 'resumed')).toHaveLength(1);
  });

  it('keeps the checkpoint of the last good epoch, names the step, and goes on from there', async () => {
    const folder = temporaryRun({ method: { name: 'sum' }, training: { epochs: 6, batchSize: 32, learningRate: 20 } });
    expect(await train(folder)).toBe('failed');
    const { run } = loadRun(folder);
    const { epoch } = run.ended!.error!.diverged!;
    expect(run.ended!.error).toMatchObject({
      message: expect.stringMatching(new RegExp(`^The run diverged at step \\d of epoch ${epoch} of joint: the loss is not finite`)) as string,
      hint: expect.stringContaining(`Resuming goes on from epoch ${epoch - 1} of joint`) as string,
      diverged: { stage: 'joint', epoch: 2, step: expect.any(Number) as number },
    });
    expect(new Checkpoints(folder).resumed?.open).toEqual({ stage: 'joint', epoch: 1 });
    expect(await train(folder)).toBe('failed');
    const events = readJournal(folder).events;
    const resumed = events.findIndex(({ type }) => type === 'resumed');
    expect(events[resumed]).toMatchObject({ stage: 'joint', epoch: 1 });
    expect(events.slice(resumed).filter((event) => event.type === 'epoch').map((event) => (event as EpochEvent).epoch)).toEqual([2]);
  });

  it('is recognised by any loss, score or reading', () => {
    const scores = { accuracy: 0.5, f1: 0.5, loss: 1, entropy: 1 };
    const good = { stage: 's', epoch: 3, learningRate: 0.1, losses: { total: 1 }, validation: { m: scores }, readings: { r: 1 } } as unknown as EpochEvent;
    expect(() => requireFiniteEpoch(good, undefined)).not.toThrow();
    const bad: readonly (readonly [EpochEvent, RegExp])[] = [
      [{ ...good, losses: { total: 1, side: Infinity } }, /in epoch 3 of s: the loss side /],
      [{ ...good, validation: { m: scores, fusion: { ...scores, entropy: NaN } } }, /the validation entropy of fusion /],
      [{ ...good, readings: { r: 1, 'xi.consistency': -Infinity } }, /the reading xi\.consistency /],
    ];
    for (const [event, message] of bad) expect(() => requireFiniteEpoch(event, undefined)).toThrow(message);
    expect(() => requireFiniteEpoch(good, 0)).toThrow(/at step 1 of epoch 3 of s: the loss is not finite/);
    const test = { ...scores, recall: [], confusion: [] };
    expect(() => requireFiniteTest({ m: test }, { stage: 's', epoch: 2 }, 0.1)).not.toThrow();
    expect(() => requireFiniteTest({ m: { ...test, f1: NaN } }, { stage: 's', epoch: 2 }, 0.1)).toThrow(Diverged);
  });

  it('has no accuracy: a prediction from logits that are not finite is none', () => {
    expect(scoreLogits(new Float32Array([NaN, 1, 0, 1]), [0, 1], 2)).toMatchObject({ accuracy: NaN, f1: NaN, loss: NaN, entropy: NaN, recall: [NaN, NaN] });
    expect(scoreLogits(new Float32Array([1, 0, 0, 1]), [0, 1], 2)).toMatchObject({ accuracy: 1, f1: 1 });
  });
});

describe('the writer of a journal', () => {
  it('refuses what a reader would not understand, and writes nothing of it', () => {
    const folder = temporaryRun({});
    const journal = new Journal(folder);
    journal.append({ type: 'note', message: 'first' });
    const before = readFileSync(join(folder, runFiles.events), 'utf8');
    for (const bad of [
      { type: 'note' }, { type: 'hardware' }, { type: 'unknown', name: 'x' },
      { type: 'epoch', stage: 'joint', epoch: 1, epochs: 1, losses: { total: 'low' }, validation: {}, learningRate: 1, seconds: 1, samplesPerSecond: 1 },
      { type: 'epoch', stage: 'joint', epoch: 1, epochs: 1, losses: {}, validation: {}, learningRate: 1, seconds: NaN, samplesPerSecond: 1 },
    ]) expect(() => journal.append(bad as unknown as NewEvent)).toThrow(/No event that .*events\.jsonl can hold/);
    journal.append({ type: 'note', message: 'second' });
    journal.close();
    expect(readFileSync(join(folder, runFiles.events), 'utf8').startsWith(before)).toBe(true);
    expect(readJournal(folder)).toMatchObject({ damagedLines: 0, events: [{ seq: 1, message: 'first' }, { seq: 2, message: 'second' }] });
  });

  it('goes on after events of a newer version, in the journal of a study too', () => {
    const folder = temporaryRun({});
    const file = join(folder, runFiles.events);
    appendFileSync(file, '{"seq":1,"time":1,"type":"note","message":"a"}\n{"seq":2,"time":1,"type":"hardware","gpuMemory":1}\n');
    const journal = new Journal(folder);
    expect(journal.append({ type: 'note', message: 'b' }).seq).toBe(3);
    const heard: RunEvent[] = [];
    journal.subscribe(1, (event) => heard.push(event));
    expect(heard).toMatchObject([{ seq: 2, type: 'unknown', name: 'hardware' }, { seq: 3 }]);
    journal.close();
    expect(readFileSync(file, 'utf8')).toContain('"gpuMemory":1');

    const study = dirname(folder);
    appendFileSync(join(study, 'events.jsonl'), '{"seq":1,"time":1,"type":"budget","hours":3}\n');
    const studyJournal = new StudyJournal(study);
    expect(studyJournal.append({ type: 'ended', state: 'finished' }).seq).toBe(2);
    studyJournal.close();
    expect(readStudyJournal(study)).toMatchObject({ damagedLines: 0, events: [{ type: 'unknown', name: 'budget' }, { type: 'ended' }] });
  });

  it('does not append to a journal of a higher format, and says who wrote it', () => {
    const folder = temporaryRun({});
    appendFileSync(join(folder, runFiles.events), '{"seq":1,"time":1,"type":"started","format":2,"version":"9.1.0"}\n');
    expect(() => new Journal(folder)).toThrow(/was written by UDI Lab 9\.1\.0 in format 2; this version writes format 1/);
  });
});

describe('paused time', () => {
  it('is no training time', async () => {
    const control = new Control(() => undefined);
    const clock = control.startClock();
    control.pause();
    const held = control.gate();
    const begin = performance.now();
    while (performance.now() - begin < 300) await new Promise(setImmediate);
    expect(control.paused).toBe(true);
    control.resume();
    await held;
    expect(clock()).toBeLessThan(0.2);
  });
});

describe('a run on several backends', () => {
  it('neither gives nor takes stages, also when it is back on the first one', async () => {
    const folder = temporaryRun({ training: { epochs: 2, batchSize: 32, learningRate: 0.05 } });
    const stopAfterEpoch = (): Partial<TrainerOptions> => {
      let stop = (): void => undefined;
      return { cache: true, onControl: (control) => { stop = () => control.stop(); }, onEvent: (event) => { if (event.type === 'epoch') stop(); } };
    };
    expect(await train(folder, stopAfterEpoch())).toBe('stopped');
    expect(await train(folder, { ...stopAfterEpoch(), device: 'cpu' })).toBe('stopped');
    expect(await train(folder, { cache: true, device: 'wasm' })).toBe('finished');
    expect(loadRun(folder).run.backends.map(({ id }) => id)).toEqual(['wasm', 'cpu']);
    expect(new StageCache(cacheFolder(folder)).size().entries).toBe(0);
  });
});
