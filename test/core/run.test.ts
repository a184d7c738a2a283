import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NewEvent, RunEvent } from '../../src/core/run/events.ts';
import { processStart } from '../../src/core/files/processIdentity.ts';
import { createRandom, seedFor } from '../../src/core/random.ts';
import { classificationMetrics } from '../../src/core/run/metrics.ts';
import { applyEvent, canResume, emptyRun, foldEvents, headlineOf, progressOf, secondsLeft, stateOf } from '../../src/core/run/run.ts';
import { findRun, liveTrainer, loadRun, readJournal, readMeta, writeMeta } from '../../src/core/run/runStore.ts';

const scores = (accuracy: number) => ({ accuracy, f1: accuracy, loss: 1, entropy: 1 });
let seq = 0;
const dated = (event: NewEvent): RunEvent => ({ seq: ++seq, time: 1000 * seq, ...event }) as RunEvent;
beforeEach(() => { seq = 0; });

const stage = (id: string, epochs = 3) => dated({ type: 'stage', stage: id, trains: ['gray'], evaluates: ['gray'], epochs });
const epoch = (id: string, number: number, accuracy = 0.5) => dated({
  type: 'epoch', stage: id, epoch: number, epochs: 3, losses: { total: 1 }, validation: { gray: scores(accuracy) }, learningRate: 0.1, seconds: 2, samplesPerSecond: 10,
});
const started = (plannedEpochs: number) => dated({
  type: 'started', name: 'a', version: '1', seed: 0, method: { name: 'udi', label: 'UDI' }, fusion: 'sum', plannedEpochs,
  dataset: { name: 'd', fingerprint: 'f', classes: ['0'], modalities: [], sizes: { train: 1, validation: 1, test: 1 } },
  backend: { id: 'wasm', device: 'CPU', skipped: [] },
});

describe('applyEvent', () => {
  it('ignores events it has seen, so that attaching twice changes nothing', () => {
    const events = [started(3), stage('joint'), epoch('joint', 1), epoch('joint', 2)];
    const once = foldEvents(events);
    expect(foldEvents(events, once)).toBe(once);
    expect(foldEvents([...events.slice(0, 3), ...events.slice(1)])).toEqual(once);
  });

  it('replaces what was trained again after a crash', () => {
    const run = foldEvents([stage('joint'), epoch('joint', 1), epoch('joint', 2, 0.6), dated({ type: 'ended', state: 'failed' }),
      dated({ type: 'resumed', stage: 'joint', epoch: 1, backend: { id: 'wasm', device: '', skipped: [] } }), stage('joint'), epoch('joint', 2, 0.7)]);
    expect(run.stages).toHaveLength(1);
    expect(run.stages[0]!.epochs.map((each) => [each.epoch, each.validation['gray']!.accuracy])).toEqual([[1, 0.5], [2, 0.7]]);
    expect(run.ended).toBeUndefined();
  });

  it('begins anew when a run that failed before anything was trained is resumed', () => {
    const failed = foldEvents([dated({ type: 'ended', state: 'failed', error: { message: 'No data.' } })]);
    expect(stateOf(failed, false)).toBe('failed');
    const resumed = applyEvent(failed, started(3));
    expect(resumed.ended).toBeUndefined();
    expect([stateOf(resumed, true), stateOf(resumed, false)]).toEqual(['running', 'interrupted']);
  });

  it('forgets the end of a stage that begins once more', () => {
    const run = foldEvents([stage('joint'), epoch('joint', 1),
      dated({ type: 'stageEnded', stage: 'joint', epochs: 1, keptEpoch: 1, reason: 'completed', validation: {} })]);
    expect(run.stages[0]!.ended).toBeDefined();
    expect(applyEvent(run, stage('joint')).stages[0]!.ended).toBeUndefined();
  });

  it('lists every backend on which a run was trained', () => {
    const on = (id: string) => dated({ type: 'resumed', epoch: 1, backend: { id, device: 'CPU', skipped: [] } });
    expect(foldEvents([started(3), on('cpu'), on('wasm')]).backends.map(({ id }) => id)).toEqual(['wasm', 'cpu']);
    expect(foldEvents([started(3), on('wasm')]).backends).toHaveLength(1);
  });

  it('derives the state from the last event and the life of the process', () => {
    const begun = foldEvents([started(3), stage('joint')]);
    expect([stateOf(begun, true), stateOf(begun, false)]).toEqual(['running', 'interrupted']);
    const paused = applyEvent(begun, dated({ type: 'paused' }));
    expect([stateOf(paused, true), stateOf(paused, false)]).toEqual(['paused', 'interrupted']);
    for (const state of ['finished', 'stopped', 'cancelled', 'failed'] as const) {
      const ended = applyEvent(begun, dated({ type: 'ended', state }));
      expect([stateOf(ended, true), stateOf(ended, false)]).toEqual([state, state]);
      expect(canResume(state)).toBe(state !== 'finished');
      seq--;
    }
  });

  it('counts epochs that early stopping saved as done, and estimates the rest at the newest speed', () => {
    const run = foldEvents([started(9), stage('unimodal:gray'), epoch('unimodal:gray', 1), epoch('unimodal:gray', 2),
      dated({ type: 'stageEnded', stage: 'unimodal:gray', epochs: 2, keptEpoch: 1, reason: 'early stopping', validation: { gray: scores(0.5) } })]);
    expect(progressOf(run)).toMatchObject({ done: 2, planned: 8 });
    expect(secondsLeft(run)).toBe(12);
    expect(secondsLeft(emptyRun)).toBeUndefined();
    expect(headlineOf(run)).toEqual({ value: 0.5, metric: classificationMetrics[0], split: 'validation', target: 'gray' });
  });
});

describe('the run folder', () => {
  let root: string;
  beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'udi-store-')); });
  afterEach(() => { rmSync(root, { recursive: true }); });
  const write = (events: readonly RunEvent[], tail = ''): string => {
    const folder = join(root, '20260101-120000-a-0000');
    mkdirSync(folder);
    writeFileSync(join(folder, 'events.jsonl'), events.map((event) => `${JSON.stringify(event)}\n`).join('') + tail);
    return folder;
  };

  it('reads a journal up to a torn line, and the rest when it is whole', () => {
    const folder = write([started(3), stage('joint')], '{"seq":3,"ti');
    const first = readJournal(folder);
    expect(first.events).toHaveLength(2);
    expect(first.damagedLines).toBe(0);
    const line = JSON.stringify(epoch('joint', 1));
    writeFileSync(join(folder, 'events.jsonl'), `${first.events.map((event) => JSON.stringify(event)).join('\n')}\n${line}\n`);
    expect(readJournal(folder, first.validBytes).events).toEqual([JSON.parse(line)]);
  });

  it('counts whole lines that are no events', () => {
    const folder = write([started(3)], 'nonsense\n{"seq":2,"time":1,"type":"stage"}\n');
    expect(readJournal(folder)).toMatchObject({ damagedLines: 2, events: [{ seq: 1 }] });
  });

  it('knows a live trainer from one whose pid another process has now', () => {
    const folder = write([started(3)]);
    const info = { pid: process.pid, start: processStart(process.pid)!, socket: 's', node: 'v24' };
    writeFileSync(join(folder, 'trainer.json'), JSON.stringify(info));
    expect(liveTrainer(folder)).toEqual(info);
    expect(loadRun(folder).state).toBe('running');
    writeFileSync(join(folder, 'trainer.json'), JSON.stringify({ ...info, start: 'earlier' }));
    expect(liveTrainer(folder)).toBeUndefined();
    expect(loadRun(folder).state).toBe('interrupted');
    expect(processStart(2 ** 22 + 1)).toBeUndefined();
  });

  it('keeps what the user set, and survives a damaged file', () => {
    const folder = write([]);
    writeMeta(folder, { title: 'mine', tags: ['x'] });
    expect(readMeta(folder)).toEqual({ title: 'mine', tags: ['x'] });
    appendFileSync(join(folder, 'meta.json'), '}');
    expect(readMeta(folder)).toEqual({});
  });

  it('finds a run by id, its beginning or end, or as the latest one, and names the choices', () => {
    const folder = write([]);
    mkdirSync(join(root, '20260102-120000-b-0001'));
    for (const id of ['20260101-120000-a-0000', '20260102-120000-b-0001']) writeFileSync(join(root, id, 'config.yaml'), '');
    expect(findRun(root, '20260101-120000-a-0000')).toBe(folder);
    expect(findRun(root, 'a-0000')).toBe(folder);
    expect(findRun(root, 'latest')).toBe(join(root, '20260102-120000-b-0001'));
    expect(() => findRun(root, '2026')).toThrow(/fits 2 runs: .*b-0001.*a-0000/);
    expect(() => findRun(root, 'c')).toThrow(/no run "c"/);
  });
});

describe('seeds', () => {
  it('differ by purpose and seed, and stay what they are', () => {
    const purposes = ['init:gray', 'init:color', 'split', 'batches:1', 'batches:2'];
    const seeds = purposes.flatMap((purpose) => [0, 1, 2].map((each) => seedFor(purpose, each)));
    expect(new Set(seeds).size).toBe(seeds.length);
    // A change of these would silently give every stored run's seed another meaning.
    expect([seedFor('split', 0), seedFor('init:gray', 1)]).toEqual([2199854160, 3252774462]);
    expect(createRandom(1).uniform()).toBe(0.6305594528462224);
  });

  it('give normal numbers of mean 0 and deviation 1, and permutations', () => {
    const random = createRandom(7);
    const values = Array.from({ length: 20_000 }, () => random.normal());
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.04);
    expect([...random.shuffle([5, 6, 7, 8])].sort()).toEqual([5, 6, 7, 8]);
  });
});
