/**
 * `npm run test:browser`: the suites of test/browser against the packaged extension (udi-lab.vsix) in a real VS Code.
 * `node test/vscode/runBrowser.ts [part of a file name ...] [--grep regex]`; for the harness itself also
 * `--vsix file` and `--suites folder`. `UDI_HEADED=1` shows the browser.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Mocha from 'mocha';
import { launchBrowser } from './browser.ts';
import { requireVSCode } from './install.ts';
import { root, vsixFile } from './paths.ts';
import { collectResults, errorText, finish, formatResult, type TestResult } from './report.ts';
import { installExtension } from './server.ts';

/** The suite files whose name contains one of `names` (all, if there are none). */
function findSuites(folder: string, names: readonly string[]): string[] {
  const all = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.test.ts')).sort() : [];
  const chosen = all.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
  if (chosen.length === 0) throw new Error(`No suite in ${folder} is called ${names.join(' or ') || '*.test.ts'}`);
  return chosen.map((file) => join(folder, file));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { grep: { type: 'string' }, vsix: { type: 'string' }, suites: { type: 'string' } },
  });
  const files = findSuites(values.suites ?? join(root, 'test/browser'), positionals);
  requireVSCode();
  const extensionsDir = mkdtempSync(join(tmpdir(), 'udi-extensions-'));
  process.once('exit', () => rmSync(extensionsDir, { recursive: true, force: true }));
  installExtension(values.vsix ?? vsixFile, extensionsDir);
  const browser = await launchBrowser();
  try {
    const options: Mocha.MochaOptions = { ui: 'bdd', timeout: 600_000, reporter: Mocha.reporters.Base };
    const mocha = new Mocha(values.grep ? { ...options, grep: new RegExp(values.grep) } : options);
    if (process.env['CI']) mocha.forbidOnly();
    mocha.suite.ctx.shared = { browser, extensionsDir };
    for (const file of files) mocha.addFile(file);
    await mocha.loadFilesAsync();
    const results: TestResult[] = [];
    await new Promise<number>((done) => {
      collectResults(mocha.run(done), (result) => {
        results.push(result);
        console.log(formatResult(result));
      });
    });
    return finish(results);
  } finally {
    await browser.close();
  }
}

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(errorText(error));
    console.log('\n0 passed, 1 failed');
    process.exit(1);
  },
);
