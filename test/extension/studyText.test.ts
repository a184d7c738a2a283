import { describe, expect, it } from 'vitest';
import { emptyStudy, type StudyState } from '../../src/core/study/studyEvents.ts';
import {
  countText, spokenStudy, studyDescription, studyEndText, studyStatus, studyTooltip, type DescribedStudy,
} from '../../src/extension/views/studyText.ts';

const NASTY = '$(flame) [x](command:udi.doctor)';

function study(state: StudyState, counts: Partial<DescribedStudy['counts']> = {}, more: Partial<DescribedStudy['study']> = {}): DescribedStudy {
  return {
    title: 'tables', state,
    study: { ...emptyStudy, ...more },
    counts: { planned: 36, finished: 12, failed: 0, active: 2, ...counts },
  };
}

describe('texts of a study', () => {
  it('count its runs', () => {
    expect(countText(study('running').counts)).toBe('12/36 runs');
    expect(countText(study('running', { planned: 1, finished: 0, failed: 1 }).counts)).toBe('0/1 run · 1 failed');
    expect(studyDescription(study('stopped', {}, { lastTime: 0 }), 5 * 60_000)).toBe('12/36 runs · 5 min');
    expect(spokenStudy(study('running', { failed: 1 }), 0)).toBe('Study tables, running, 12/36 runs, 1 failed');
  });

  it('say on which machine it is run, if it cannot be reached from here', () => {
    const there = { ...study('running'), elsewhere: 'login2' };
    expect(studyDescription(there, 0)).toBe('running on login2 · 12/36 runs');
    expect(studyTooltip(there)).toMatch(/^State: running on login2$/m);
  });

  it('say in the status bar how far the first one is, and how many others run', () => {
    expect(studyStatus([])).toBeUndefined();
    expect(studyStatus([study('running')])).toBe('$(sync~spin) udi study · 12/36');
    expect(studyStatus([study('running'), study('running')])).toBe('$(sync~spin) udi study · 12/36 (+1)');
  });

  it('say why it waits and why it failed', () => {
    expect(studyTooltip(study('running', {}, { waiting: { k: 'too little\nmemory' } }))).toContain('Waiting: too little memory');
    const failed = study('failed', {}, { ended: { state: 'failed', error: { message: 'disk full', hint: 'Make room.' } } });
    expect(studyTooltip(failed)).toContain('Error: disk full');
    expect(studyEndText(failed)).toBe('Study tables failed: disk full Make room.');
  });

  it('say how it ended', () => {
    expect(studyEndText(study('finished'))).toBe('Study tables finished: 36 runs.');
    expect(studyEndText(study('incomplete', { failed: 2 }))).toBe('Study tables is incomplete: 12/36 runs · 2 failed.');
    expect(studyEndText(study('stopped'))).toBe('Study tables was stopped: 12/36 runs.');
    expect(studyEndText(study('new'))).toMatch(/did not start/);
    expect(studyEndText(study('interrupted'))).toMatch(/interrupted: its supervisor has ended without a word/);
  });

  it('keep names text', () => {
    const text = studyEndText({ ...study('finished'), title: NASTY });
    expect(text).not.toMatch(/\$\(|\]\(/);
  });
});
