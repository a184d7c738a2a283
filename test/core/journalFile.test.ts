import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fromJson, toJson } from '../../src/core/files/jsonNumbers.ts';
import { alphaOf, xiOf } from '../../src/core/run/alpha.ts';
import { newerFormat, notUnderstood } from '../../src/core/run/newer.ts';
import { foldEvents } from '../../src/core/run/run.ts';
import { readJournal, runFiles } from '../../src/core/run/runStore.ts';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'udi-journal-')); });
afterEach(() => { rmSync(folder, { recursive: true }); });

/** Writes lines as the journal of the run in `folder`; maps become JSON as the trainer writes it. */
function journal(...lines: readonly (string | object)[]): void {
  writeFileSync(join(folder, runFiles.events), lines.map((line) => `${typeof line === 'string' ? line : toJson(line)}\n`).join(''));
}

const start = {
  seq: 1, time: 1, type: 'started', name: 'a', version: '0.9.0', seed: 0, method: { name: 'udi', label: 'UDI' }, fusion: 'sum', plannedEpochs: 3,
  dataset: { name: 'd', fingerprint: 'f', classes: ['0'], modalities: [], sizes: { train: 1, validation: 1, test: 1 } },
  backend: { id: 'wasm', device: 'CPU', skipped: [] },
};
const epoch = {
  seq: 2, time: 2, type: 'epoch', stage: 'joint', epoch: 1, epochs: 3, losses: { total: NaN, other: -Infinity },
  validation: { gray: { accuracy: NaN, f1: NaN, loss: Infinity, entropy: 0 } }, learningRate: 0.1, readings: { weight: NaN }, seconds: 1, samplesPerSecond: 1,
};
const read = { losses: epoch.losses, validation: epoch.validation, readings: epoch.readings };

describe('numbers that are not finite', () => {
  it('come out of the journal as they went in', () => {
    journal(start, epoch);
    expect(toJson(epoch)).not.toContain('null');
    expect(readJournal(folder)).toMatchObject({ damagedLines: 0, events: [{ seq: 1 }, read] });
  });

  it('are read where older versions wrote null', () => {
    journal(start, JSON.stringify(epoch));
    const { damagedLines, events } = readJournal(folder);
    expect(damagedLines).toBe(0);
    expect(events[1]).toMatchObject({ losses: { total: NaN, other: NaN }, validation: { gray: { accuracy: NaN, loss: NaN } } });
  });

  it('are read as Python writes them, and left alone inside texts', () => {
    const bare = toJson(epoch).replaceAll(/"(-?(?:NaN|Infinity))"/g, '$1');
    expect(bare).toContain('"total":NaN,"other":-Infinity');
    journal(start, bare);
    expect(readJournal(folder)).toMatchObject({ damagedLines: 0, events: [{ seq: 1 }, read] });
    expect(fromJson('{"a \\" NaN":-Infinity,"b":"Infinity"}')).toEqual({ 'a " NaN': '-Infinity', b: 'Infinity' });
    expect(() => fromJson('{"a":Nan}')).toThrow(SyntaxError);
  });

  it('stay themselves where an older version had fields of their own for weights and alignments', () => {
    const terms = { consistency: 0.25, complementary: 0.75 };
    const { readings: _, ...old } = { ...epoch, losses: { total: 1, complementary: 0.5 }, alpha: terms, xi: { consistency: null, complementary: 2 }, mi: 0.5 };
    journal(start, JSON.stringify(old), JSON.stringify({ ...old, seq: 3, losses: { total: 1 }, readings: { own: 1 }, xi: undefined }));
    const [, first, second] = readJournal(folder).events;
    expect(first).toMatchObject({ readings: { 'alpha.consistency': 0.25, 'alpha.complementary': 0.75, 'xi.consistency': NaN, 'xi.complementary': 2 } });
    expect(first).not.toHaveProperty('alpha');
    expect(second).toHaveProperty('readings', { 'alpha.consistency': 0.25, 'alpha.complementary': 0.75, own: 1, mi: 0.5 });
    expect(first?.type === 'epoch' && alphaOf(first)).toEqual(terms);
    expect(second?.type === 'epoch' && xiOf(second)).toBeUndefined();
  });

  it('have no place where something is counted or timed', () => {
    journal(start, { ...epoch, time: NaN });
    expect(readJournal(folder).damagedLines).toBe(1);
  });
});

describe('a journal of a newer version', () => {
  const hardware = { seq: 2, time: 2, type: 'hardware', gpuMemory: 1 };

  it('is read as far as it is understood: other events keep their number and are counted, other keys are left out', () => {
    journal({ ...start, flavour: 'new' }, hardware, { ...epoch, seq: 3 }, { ...hardware, seq: 4 });
    const { events, damagedLines } = readJournal(folder);
    expect(damagedLines).toBe(0);
    const run = foldEvents(events);
    expect(run).toMatchObject({ lastSeq: 4, unknown: 2, stages: [{ id: 'joint' }] });
    expect(run.started).not.toHaveProperty('flavour');
    expect(notUnderstood(run)).toBe('2 events of the journal are of a kind that this version does not know, and not shown (written by UDI Lab 0.9.0).');
    expect(newerFormat(run)).toBeUndefined();
  });

  it('says nothing where all is understood', () => {
    journal(start, epoch);
    expect(notUnderstood(foldEvents(readJournal(folder).events))).toBeUndefined();
  });

  it('of a higher format may have changed any event, also when the rest is read later, and is not to be appended to', () => {
    journal({ ...start, format: 2 }, { ...epoch, losses: 'elsewhere' }, { ...epoch, seq: 3 });
    const { events, damagedLines, validBytes } = readJournal(folder);
    expect([damagedLines, events.map(({ type }) => type)]).toEqual([0, ['started', 'unknown', 'epoch']]);
    const length = Buffer.byteLength(`${toJson({ ...start, format: 2 })}\n`);
    expect(validBytes).toBeGreaterThan(length);
    expect(readJournal(folder, length)).toMatchObject({ damagedLines: 0, events: [{ type: 'unknown', name: 'epoch' }, { type: 'epoch' }] });
    expect(newerFormat(foldEvents(events))).toBe('was written by UDI Lab 0.9.0 in format 2; this version writes format 1.');
  });

  it('is recognised even if its beginning is not understood', () => {
    journal({ ...start, format: 3, method: 'udi' }, epoch);
    const { events, damagedLines } = readJournal(folder);
    expect(damagedLines).toBe(0);
    expect(newerFormat(foldEvents(events))).toBe('was written by UDI Lab 0.9.0 in format 3; this version writes format 1.');
  });

  it('differs from a damaged one: an event of this format that lacks something is damaged', () => {
    journal(start, { seq: 2, time: 2, type: 'stage' }, '[1]', '{"seq":"x","type":"hardware"}');
    expect(readJournal(folder)).toMatchObject({ damagedLines: 3, events: [{ type: 'started' }] });
  });
});
