/**
 * Results of a mocha suite: as a file of JSON lines (how the suite in the extension host tells its runner), as text,
 * and as the closing line that every test command of this project prints.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Runner, Suite, Test } from 'mocha';

export interface TestResult {
  /** Titles of the suites around the test, outermost first. */
  path: string[];
  title: string;
  state: 'passed' | 'failed' | 'skipped';
  ms: number;
  error?: string;
  /** Why it was skipped, where its suite says so (`describeWhere`). */
  reason?: string;
}

/** The last line of a result file; `error` where the suite itself could not run. */
export interface Ending {
  done: true;
  error?: string;
}

/** Message and stack of whatever was thrown, once each. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? '';
  return stack.includes(error.message) ? stack : `${error.name}: ${error.message}\n${stack}`;
}

const reasons = new WeakMap<Suite, string>();

/** A mocha suite that is skipped, for the given reason, where there is one. */
export function describeWhere(obstacle: string | undefined, title: string, suite: (this: Suite) => void): void {
  if (obstacle === undefined) describe(title, suite);
  else reasons.set(describe.skip(title, suite) as unknown as Suite, obstacle);
}

function reasonOf(suite: Suite | undefined): string | undefined {
  return suite && (reasons.get(suite) ?? reasonOf(suite.parent));
}

function toResult(test: Test, state: TestResult['state'], error?: unknown): TestResult {
  const path = test.titlePath().slice(0, -1);
  const result: TestResult = { path, title: test.title, state, ms: test.duration ?? 0 };
  return error === undefined ? result : { ...result, error: errorText(error) };
}

/** Hands on the result of every test of a mocha run; a failing hook counts as a failed test. */
export function collectResults(runner: Runner, add: (result: TestResult) => void): void {
  runner.on('pass', (test) => add(toResult(test, 'passed')));
  runner.on('fail', (test, error: unknown) => add(toResult(test, 'failed', error)));
  runner.on('pending', (test) => {
    const reason = reasonOf(test.parent);
    add({ ...toResult(test, 'skipped'), ...(reason === undefined ? {} : { reason }) });
  });
}

/** Appends one line to a result file. */
export function writeLine(file: string, line: TestResult | Ending): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

/** The complete lines of a result file. */
export function readLines(file: string): { results: TestResult[]; ending?: Ending } {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const complete = text.slice(0, text.lastIndexOf('\n') + 1);
  const lines = complete.split('\n').filter(Boolean).map((line) => JSON.parse(line) as TestResult | Ending);
  const results = lines.filter((line): line is TestResult => 'state' in line);
  const ending = lines.find((line): line is Ending => 'done' in line);
  return ending ? { results, ending } : { results };
}

const marks = { passed: '✔', failed: '✖' };

/** One test as a line, with its error below. */
export function formatResult(result: TestResult): string {
  const name = [...result.path, result.title].join(' › ');
  const time = result.ms >= 100 ? ` (${(result.ms / 1000).toFixed(1)} s)` : '';
  const error = result.error ? `\n${result.error.replace(/^/gm, '      ')}` : '';
  if (result.state === 'skipped') return skippedLine(name, result.reason);
  return `  ${marks[result.state]} ${name}${time}${error}`;
}

/** What is printed of a test that was skipped; test/all.ts lists these lines once more at its end. */
export function skippedLine(name: string, reason = 'its file says so'): string {
  return `skipped: ${name} — ${reason}`;
}

/** The closing line: `N passed, N failed` (and `, N skipped`). */
export function closingLine(results: readonly TestResult[]): string {
  const count = (state: TestResult['state']): number => results.filter((result) => result.state === state).length;
  const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
  return `${count('passed')} passed, ${count('failed')} failed${skipped}`;
}

/** Prints the closing line and returns the exit code: a run without a single test that ran is no success. */
export function finish(results: readonly TestResult[]): number {
  console.log(`\n${closingLine(results)}`);
  const ran = results.filter((result) => result.state !== 'skipped');
  if (results.length === 0) console.error('No test was found.');
  return results.length > 0 && ran.every((result) => result.state === 'passed') ? 0 : 1;
}
