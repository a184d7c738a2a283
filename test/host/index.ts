/**
 * Runs mocha inside the extension host. test/vscode/hostSuite.ts bundles this with the suites beside it into one file
 * whose `run()` VS Code calls; @vscode/test-electron uses the same file. Results go, line by line, to the file that the
 * environment names.
 */
import Mocha from 'mocha';
import { collectResults, errorText, writeLine } from '../vscode/report.ts';

/** Runs the suites that the given functions import; rejects if a test failed, as VS Code expects. */
export async function runSuites(suites: readonly (() => Promise<unknown>)[]): Promise<void> {
  const file = process.env['UDI_HOST_RESULTS'];
  if (!file) throw new Error('UDI_HOST_RESULTS does not name the file for the results');
  const failures = await runMocha(suites, file).catch((error: unknown) => {
    writeLine(file, { done: true, error: errorText(error) });
    throw error;
  });
  writeLine(file, { done: true });
  if (failures > 0) throw new Error(`${failures} tests failed`);
}

/** Writes the result of each test to `file`; resolves to the number of failed ones. */
async function runMocha(suites: readonly (() => Promise<unknown>)[], file: string): Promise<number> {
  const grep = process.env['UDI_HOST_GREP'];
  const options: Mocha.MochaOptions = { ui: 'bdd', timeout: 300_000, reporter: Mocha.reporters.Base };
  const mocha = new Mocha(grep ? { ...options, grep: new RegExp(grep) } : options);
  if (process.env['CI']) mocha.forbidOnly();
  // Defines `describe`, `it` and so on, which mocha otherwise does for each file that it loads itself.
  mocha.suite.emit('pre-require', globalThis, file, mocha);
  for (const load of suites) await load();
  return new Promise<number>((done) => collectResults(mocha.run(done), (result) => writeLine(file, result)));
}
