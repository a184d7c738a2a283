import { describe, expect, it } from 'vitest';
import { foldEvents, type RunState } from '../../src/core/run/run.ts';
import type { NewEvent } from '../../src/core/run/events.ts';
import { summaryOf } from '../../src/core/run/summary.ts';
import { oneLine } from '../../src/core/printable.ts';
import { plainText } from '../../src/extension/views/plainText.ts';
import {
  ageText, descriptionOf, endText, spokenText, statusText, statusTooltip, stateIcons, tooltipOf, type DescribedRun,
} from '../../src/extension/views/runText.ts';
import { events, finishedJournal, numbered, runConfig, START } from './runFixture.ts';

/** A run with this journal, as it is described. */
const folded = (journal: readonly NewEvent[]): Pick<DescribedRun, 'run' | 'summary'> => {
  const run = foldEvents(numbered(journal));
  return { run, summary: summaryOf(run, { journal: { size: 1, mtimeMs: 1 } }) };
};

const finished: DescribedRun = {
  title: 'quick', state: 'finished', config: runConfig('quick'), ...folded(finishedJournal('quick', 0.9712)),
};
const training: DescribedRun = {
  title: 'quick', state: 'running', config: runConfig('quick'),
  ...folded([events.started('quick'), events.stage('follower:color'), events.epoch('follower:color', 1, 0.9712)]),
};

describe('texts of a run', () => {
  it('describes a finished run by method, dataset, test accuracy and age', () => {
    expect(descriptionOf(finished, START + 3 * 3_600_000)).toBe('udi · synthetic-digits · 97.12 % · 2 h');
  });

  it('says that an accuracy is one on validation', () => {
    expect(descriptionOf(training, START + 120_000)).toBe('udi · synthetic-digits · 97.12 % val · now');
  });

  it('says on which machine a run trains that cannot be reached', () => {
    const there = { ...training, elsewhere: 'gpu3' };
    expect(descriptionOf(there, START + 120_000)).toBe('running on gpu3 · udi · synthetic-digits · 97.12 % val · now');
    expect(tooltipOf(there)).toMatch(/^State: running on gpu3$/m);
    expect(tooltipOf(there)).toMatch(/can be watched here, but not stopped/);
    expect(descriptionOf({ ...there, elsewhere: 'a\nb' }, START)).toMatch(/^running on a b · /);
  });

  it('describes a run of which nothing is known yet', () => {
    const run: DescribedRun = { title: 'x', state: 'running', ...folded([]) };
    expect(descriptionOf(run, START)).toBe('');
    expect(tooltipOf(run)).toBe('x\nState: running\nMethod: ');
    expect(statusText([run])).toBe('$(sync~spin) starting');
  });

  it('shows stage, epoch and accuracy in the status bar', () => {
    expect(statusText([])).toBeUndefined();
    expect(statusText([training])).toBe('$(sync~spin) udi · follower:color 1/2 · 97.12 %');
    const place = { stage: 'follower:color', epoch: 2, epochs: 2, step: 1, steps: 9, samplesPerSecond: 1 };
    const progressing = { ...training, progress: { type: 'progress', ...place } as const };
    expect(statusText([progressing, finished])).toBe('$(sync~spin) udi · follower:color 2/2 · 97.12 % (+1)');
    expect(statusText([{ ...training, state: 'paused' }])).toMatch(/^\$\(debug-pause\) /);
    expect(statusTooltip([training])).toBe('quick: running, about 9 s left');
  });

  it('says how a run ended', () => {
    expect(endText(finished)).toBe('quick finished: fusion 97.12 % on test.');
    const failed = folded([events.started('q'), events.ended('failed', 'no such file\n/data')]);
    expect(endText({ title: 'q', state: 'failed', ...failed })).toBe('q failed: no such file /data');
    expect(endText({ ...training, state: 'interrupted' })).toContain('quick was interrupted');
    expect(endText({ ...training, state: 'stopped' })).toBe('quick was stopped: fusion 97.12 % on validation.');
  });

  it('speaks the state, which the icon shows', () => {
    expect(spokenText(finished, START + 3 * 3_600_000)).toBe('quick, finished, udi, synthetic-digits, 97.12 %, 2 h');
  });

  it('has an icon of its own for every state', () => {
    const states: RunState[] = ['running', 'paused', 'finished', 'stopped', 'cancelled', 'failed', 'interrupted'];
    expect(new Set(states.map((state) => stateIcons[state].icon)).size).toBe(states.length);
  });

  it('counts ages in minutes, hours and days', () => {
    expect([0, 59, 60, 59 * 60, 47 * 3600, 48 * 3600].map((seconds) => ageText(1000 * seconds)))
      .toEqual(['now', 'now', '1 min', '59 min', '47 h', '2 d']);
  });
});

describe('names from files', () => {
  it('become no icon in the status bar and no link in a notification', () => {
    const title = '$(alert) [click](command:workbench.action.terminal.new) <img onerror=alert(1)>';
    expect(plainText(title)).not.toMatch(/\$\(|\]\(/);
    expect(plainText(title).replaceAll('\u200b', '')).toBe(title);
    expect(endText({ ...finished, title })).not.toMatch(/\$\(|\]\(/);
    const method = { name: '$(flame)' };
    expect(statusText([{ ...training, config: { ...runConfig('x'), method } }])).not.toContain('$(flame)');
  });

  it('stay on one line and have an end', () => {
    expect(oneLine(' a\n\u0000b\u2028c ')).toBe('a b c');
    expect(oneLine('x'.repeat(500))).toHaveLength(120);
  });
});
