// Installs what the tests need, runs every check of the project in turn, lists what was skipped and why, and ends with one
// line `N passed, N failed, N skipped`. `npm test` installs the npm packages and builds first; each part can also be run
// alone (see the scripts in package.json).
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { prepare } from './vscode/install.ts';
import { skippedLine } from './vscode/report.ts';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const root = resolve(import.meta.dirname, '..');
const results = join(root, 'test-results');
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
/** One line for each test that was skipped, with its reason. */
const skips: string[] = [];

/** Runs a command with its output shown; returns its exit code and what it printed. */
function run(command: string, args: string[]): Promise<{ code: number; output: string }> {
  process.stdout.write(`\n> ${command} ${args.join(' ')}\n`);
  const start = performance.now();
  return new Promise<{ code: number; output: string }>((done) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], shell: process.platform === 'win32' });
    let output = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      process.stdout.write(data);
    });
    child.on('error', (error) => done({ code: 1, output: String(error) }));
    child.on('close', (code) => done({ code: code ?? 1, output }));
  }).finally(() => process.stdout.write(`(${Math.round((performance.now() - start) / 1000)} s)\n`));
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

interface UnitReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { assertionResults: { status: string; ancestorTitles: string[]; title: string; meta?: { skipped?: string } }[] }[];
}

/** The unit suites; their numbers come from vitest's own report. */
async function unitTests(): Promise<void> {
  const file = join(results, 'unit.json');
  rmSync(file, { force: true });
  const vitest = join(createRequire(import.meta.url).resolve('vitest/package.json'), '..', 'vitest.mjs');
  const { code } = await run(process.execPath, [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile=${file}`]);
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as UnitReport;
    add({ passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests });
    const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === 'skipped' || status === 'pending');
    for (const { ancestorTitles, title, meta } of tests) skips.push(skippedLine([...ancestorTitles, title].join(' › '), meta?.skipped));
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
  skips.push(...[...output.matchAll(/^ *(skipped: .+)$/gm)].map((match) => match[1]!));
}

/** Installs what the tests need, before any of them starts; returns why those in a VS Code cannot run, if so. */
function install(): string | undefined {
  try {
    const obstacle = prepare();
    if (obstacle !== undefined) process.stdout.write(`\nThe tests in a browser and in a real VS Code will be skipped: ${obstacle}\n`);
    return obstacle;
  } catch (error) {
    totals.failed++;
    process.stdout.write(`\nThe tests in a real VS Code cannot run. ${(error as Error).message}\n`);
    return 'its installation failed, see above';
  }
}

const begin = performance.now();
const obstacle = install();
await check('types');
await check('lint');
await unitTests();
const packaged = await check('package');
for (const script of ['test:host', 'test:browser']) {
  if (packaged && obstacle === undefined) await vscodeSuite(script);
  else {
    totals.skipped++;
    skips.push(skippedLine(`npm run ${script}`, obstacle ?? 'there is no package'));
  }
}
process.stdout.write(`\nin ${Math.round((performance.now() - begin) / 1000)} s\n`);
for (const line of skips) process.stdout.write(`${line}\n`);
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.failed === 0 ? 0 : 1;
