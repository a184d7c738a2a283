// Runs every check of the project in turn and ends with one line `N passed, N failed`. `npm test` installs and builds
// first; each part can also be run alone (see the scripts in package.json).
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const root = resolve(import.meta.dirname, '..');
const results = join(root, 'test-results');
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs a command with its output shown; returns its exit code and what it printed. */
function run(command: string, args: string[]): Promise<{ code: number; output: string }> {
  process.stdout.write(`\n> ${command} ${args.join(' ')}\n`);
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      process.stdout.write(data);
    });
    child.on('error', (error) => done({ code: 1, output: String(error) }));
    child.on('close', (code) => done({ code: code ?? 1, output }));
  });
}

function add(part: Totals): void {
  totals.passed += part.passed;
  totals.failed += part.failed;
  totals.skipped += part.skipped;
}

/** A step that is one check by itself. */
async function check(script: string): Promise<boolean> {
  const { code } = await run('npm', ['run', '--silent', script]);
  add(code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 });
  return code === 0;
}

/** The unit suites; their numbers come from vitest's own report. */
async function unitTests(): Promise<void> {
  const file = join(results, 'unit.json');
  rmSync(file, { force: true });
  const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '..', 'vitest.mjs');
  const { code } = await run(process.execPath, [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile=${file}`]);
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as { numPassedTests: number; numFailedTests: number; numFailedTestSuites: number; numPendingTests: number };
    add({ passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests });
    if (code !== 0 && report.numFailedTests === 0) totals.failed++;
  } catch {
    totals.failed++;
  }
}

/** A suite in a real VS Code; it ends with its own line `N passed, N failed, N skipped`. */
async function vscodeSuite(script: string): Promise<void> {
  const { code, output } = await run('npm', ['run', '--silent', script]);
  const line = [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1);
  if (line) add({ passed: Number(line[1]), failed: Number(line[2]), skipped: Number(line[3] ?? 0) });
  if (code !== 0 && (!line || Number(line[2]) === 0)) totals.failed++;
}

const begin = performance.now();
await check('types');
await check('lint');
await unitTests();
if (await check('package')) {
  await vscodeSuite('test:host');
  await vscodeSuite('test:browser');
}
process.stdout.write(`\nin ${Math.round((performance.now() - begin) / 1000)} s\n`);
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;
