import { afterEach, expect, it, vi } from 'vitest';
import { printEnding, type Ending } from '../../src/trainer/cli/ending.ts';

afterEach(() => { vi.restoreAllMocks(); });

/** What is printed on both streams, and the exit code. */
function ending(more: Partial<Ending>, json = false) {
  const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const next = { finished: 'look', unfinished: 'go on' };
  const code = printEnding({ what: 'Run', folder: '/r', state: 'finished', error: undefined, next, interrupted: false, ...more }, json);
  const text = (spy: typeof out) => spy.mock.calls.map(([each]) => String(each)).join('');
  return [text(out), text(err), code];
}

it('The closing lines of a run and of a study say how it ended, where it is and what comes next', () => {
  expect(ending({ results: 'table' })).toEqual(['\ntable\n\nRun finished: /r\nlook\n', '', 0]);
  vi.restoreAllMocks();
  expect(ending({ what: 'Study', state: 'incomplete' })).toEqual(['\nStudy incomplete: /r\ngo on\n', '', 1]);
  vi.restoreAllMocks();
  const [out, err, code] = ending({ state: 'failed', error: { message: 'no', hint: 'so\u001b[2J' } });
  expect([out, code]).toEqual(['\nRun failed: /r\ngo on\n', 1]);
  expect(err).toMatch(/^no\nso.*\n$/);
  expect(err).not.toContain('\u001b');
});

it('The exit code tells a stop from a failure, and Ctrl-C from both', () => {
  expect(ending({ state: 'stopped' }, true)).toEqual(['', '', 0]);
  vi.restoreAllMocks();
  expect(ending({ state: 'stopped', interrupted: true }, true)).toEqual(['', '', 130]);
  vi.restoreAllMocks();
  expect(ending({ state: 'finished', interrupted: true }, true)).toEqual(['', '', 0]);
  vi.restoreAllMocks();
  expect(ending({ state: 'cancelled' }, true)).toEqual(['', '', 1]);
});
