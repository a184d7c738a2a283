import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listedRun, listedRuns } from '../../src/core/run/listedRun.ts';
import { headlineOf, progressOf } from '../../src/core/run/run.ts';
import { createRun, loadRun, runFiles } from '../../src/core/run/runStore.ts';
import { readSummary, storedSummary } from '../../src/core/run/summary.ts';
import { hasDiverged, standingOf } from '../../src/core/study/standing.ts';
import { events, numbered, runConfig } from '../extension/runFixture.ts';

let root: string;
let runs: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-summary-'));
  runs = join(root, '.udi', 'runs');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const journalOf = (folder: string) => join(folder, runFiles.events);
const summaryOf = (folder: string) => join(folder, runFiles.summary);
/** A whole second long ago: `utimes` can set it again exactly, and nobody takes the journal for one that is being written. */
const then = new Date(1767323105000);

function finishedRun(name: string, accuracy = 0.9): string {
  const folder = createRun(runs, runConfig(name), undefined, { study: { id: 'grid', key: 'k' } });
  const journal = numbered([events.started(name), events.stage('follower'), events.epoch('follower', 1, 0.5), events.epoch('follower', 2, 0.6), events.test(accuracy), events.ended('finished')]);
  writeFileSync(journalOf(folder), journal.map((event) => `${JSON.stringify(event)}\n`).join(''));
  utimesSync(journalOf(folder), then, then);
  return folder;
}

/** Makes the journal one that says nothing, without a trace: whoever reads it now notices. */
function blot(folder: string): void {
  writeFileSync(journalOf(folder), ' '.repeat(statSync(journalOf(folder)).size));
  utimesSync(journalOf(folder), then, then);
}

describe('the summary of a run', () => {
  it('says what the journal says', () => {
    const folder = finishedRun('one');
    const { run } = loadRun(folder);
    const { done, planned } = progressOf(run);
    const summary = readSummary(folder);
    expect(summary).toMatchObject({
      headline: headlineOf(run)!, epochs: { done, planned }, ended: { state: 'finished' }, firstTime: run.firstTime!, lastTime: run.lastTime!,
      started: { name: 'one', seed: 0, method: run.started!.method, dataset: { name: 'synthetic-digits' } }, study: { id: 'grid', key: 'k' },
      test: { fusion: { accuracy: 0.9, loss: 0.5 } }, journal: { size: statSync(journalOf(folder)).size },
    });
    expect(summary.configHash).toMatch(/^[0-9a-f]{64}$/);
    expect(storedSummary(folder)).toEqual(summary);
  });

  it('stands in for the journals of 300 finished runs, which are not read', () => {
    const folders = Array.from({ length: 300 }, (_, index) => finishedRun(`run-${index}`, index / 300));
    const before = listedRuns(runs);
    expect(before.map(({ state }) => state)).toEqual(folders.map(() => 'finished'));
    for (const folder of folders) blot(folder);
    expect(listedRuns(runs)).toEqual(before);
    expect(new Set(before.map(({ run }) => run.headline?.value)).size).toBe(300);
  });

  it('is made anew when another program appends to the journal', () => {
    const folder = finishedRun('one');
    expect(listedRun(folder).state).toBe('finished');
    appendFileSync(journalOf(folder), `${JSON.stringify(numbered([events.resumed(), events.ended('failed', 'late')], 6).at(-1))}\n`);
    utimesSync(journalOf(folder), then, then);
    expect(listedRun(folder)).toMatchObject({ state: 'failed', run: { ended: { error: { message: 'late' } } } });
    expect(storedSummary(folder)?.ended?.state).toBe('failed');
  });

  it.each([
    ['another time of the journal', (folder: string) => utimesSync(journalOf(folder), new Date(1767323106000), new Date(1767323106000))],
    ['another format', (folder: string) => writeFileSync(summaryOf(folder), readFileSync(summaryOf(folder), 'utf8').replace('"format": 1', '"format": 2').replace('0.9', '0.1'))],
    ['half a file', (folder: string) => writeFileSync(summaryOf(folder), readFileSync(summaryOf(folder), 'utf8').slice(0, 300))],
    ['no file', (folder: string) => rmSync(summaryOf(folder))],
  ])('is made anew and stored: %s', (_, spoil) => {
    const folder = finishedRun('one');
    readSummary(folder);
    spoil(folder);
    expect(storedSummary(folder)).toBeUndefined();
    expect(listedRun(folder).run.headline?.value).toBe(0.9);
    expect(storedSummary(folder)?.headline?.value).toBe(0.9);
  });

  it('is not stored while the run is being written, nor where the folder cannot be written', () => {
    const folder = finishedRun('one');
    utimesSync(journalOf(folder), new Date(), new Date());
    expect(listedRun(folder).state).toBe('finished');
    expect(existsSync(summaryOf(folder))).toBe(false);
    utimesSync(journalOf(folder), then, then);
    // A folder in its place: holds those up who may write everywhere, too.
    mkdirSync(join(summaryOf(folder), 'inside'), { recursive: true });
    expect(listedRun(folder).run.headline?.value).toBe(0.9);
    expect(existsSync(`${summaryOf(folder)}.tmp`)).toBe(false);
  });

  it('keeps numbers that are not finite, so that a run that has diverged is not done', () => {
    const folder = finishedRun('one');
    writeFileSync(journalOf(folder), readFileSync(journalOf(folder), 'utf8').replaceAll('"accuracy":0.9', '"accuracy":"NaN"'));
    utimesSync(journalOf(folder), then, then);
    listedRun(folder);
    blot(folder);
    const again = listedRun(folder);
    expect([again.run.headline?.value, standingOf(again), hasDiverged(again)]).toEqual([NaN, 'incomplete', true]);
  });
});
