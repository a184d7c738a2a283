/**
 * Runs a mocha suite inside the extension host of a real VS Code (code-server), with all of the `vscode` API.
 *
 * VS Code loads a module and calls its `run()` in the extension host if the workbench's configuration names it, as
 * `@vscode/test-electron` does on the desktop. A server does not pass these options on, but the page reads its
 * configuration from an attribute of a `<meta>` element, so a script that runs before the page's own adds them there.
 * Results come back through a file of JSON lines whose name the extension host gets from the server's environment.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { launchBrowser, newWindow, openWorkbench, screenshot } from './browser.ts';
import { cacheDir, root } from './paths.ts';
import { formatResult, readLines, type TestResult } from './report.ts';
import { startServer, type CodeServer, type ServerOptions } from './server.ts';

export interface HostSuiteOptions extends ServerOptions {
  /** The folder of the extension under development. */
  extension: string;
  /** The folder that VS Code opens. */
  workspace: string;
  /** The compiled suite, see `bundleHostSuite`. */
  suite: string;
  /** Only tests whose full title matches this regular expression. */
  grep?: string;
}

/** Names of the environment variables that test/host/index.ts reads. */
export const hostVariables = { results: 'UDI_HOST_RESULTS', grep: 'UDI_HOST_GREP' } as const;

/** Bundles the `*.test.ts` of a folder and test/host/index.ts into one CommonJS file; returns its path. */
export async function bundleHostSuite(folder: string, names: readonly string[] = []): Promise<string> {
  const all = readdirSync(folder).filter((name) => name.endsWith('.test.ts')).sort();
  const chosen = all.filter((file) => names.length === 0 || names.some((name) => file.includes(name)));
  if (chosen.length === 0) throw new Error(`No host suite in ${folder} is called ${names.join(' or ') || '*.test.ts'}`);
  const imports = chosen.map((file) => `() => import(${JSON.stringify(join(folder, file))})`);
  const entry = JSON.stringify(join(root, 'test/host/index.ts'));
  const outfile = join(cacheDir, 'host-suite/index.cjs');
  await build({
    stdin: {
      contents: `import { runSuites } from ${entry};\nexport const run = () => runSuites([${imports.join(', ')}]);`,
      resolveDir: root,
      loader: 'ts',
    },
    outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node20', sourcemap: 'inline', logLevel: 'warning',
    external: ['vscode', 'mocha'],
  });
  return outfile;
}

/** Makes the page believe that it develops `extension` and is to run `suite` in the extension host. */
async function addDevelopmentOptions(page: Page, extension: string, suite: string): Promise<void> {
  await page.addInitScript(({ extension, suite }) => {
    if (window.top !== window) return;
    const original = Element.prototype.getAttribute;
    const uri = (path: string): object => ({ scheme: 'vscode-remote', authority: location.host, path });
    Element.prototype.getAttribute = function (name: string): string | null {
      const value = original.call(this, name);
      if (this.id !== 'vscode-workbench-web-configuration' || name !== 'data-settings' || value === null) return value;
      const configuration = JSON.parse(value) as { developmentOptions?: object };
      const tests = { extensions: [uri(extension)], extensionTestsPath: uri(suite) };
      const developmentOptions = { ...configuration.developmentOptions, ...tests };
      return JSON.stringify({ ...configuration, developmentOptions });
    };
  }, { extension, suite });
}

/** After so many minutes without a result the suite is given up. */
const silence = 15;

/** Hands on results as they appear in `file` until the suite says that it is done. */
async function followResults(file: string): Promise<TestResult[]> {
  let shown = 0;
  for (let last = Date.now(); ;) {
    const { results, ending } = readLines(file);
    for (const result of results.slice(shown)) console.log(formatResult(result));
    if (results.length > shown) last = Date.now();
    shown = results.length;
    if (ending?.error) throw new Error(`The suite could not run: ${ending.error}`);
    if (ending) return results;
    if (Date.now() > last + 60_000 * silence) throw new Error(`The suite gave no result for ${silence} minutes.`);
    await sleep(200);
  }
}

/** What helps when the suite did not come to its end. */
function evidence(server: CodeServer): string {
  const logs = [...server.logs()].filter(([name]) => /remoteexthost\.log|remoteagent\.log/.test(name));
  const parts = [['server', server.output()] as const, ...logs];
  return parts.map(([name, text]) => `--- ${name}\n${text.trim().split('\n').slice(-25).join('\n')}`).join('\n');
}

/** Runs a compiled suite in VS Code, prints each result as it comes, and returns them all. */
export async function runHostSuite(options: HostSuiteOptions): Promise<TestResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'udi-host-'));
  const results = join(folder, 'results.jsonl');
  const env = { ...options.env, [hostVariables.results]: results, [hostVariables.grep]: options.grep };
  const server = await startServer({ ...options, env });
  const browser = await launchBrowser();
  try {
    const page = await (await newWindow(browser)).newPage();
    await addDevelopmentOptions(page, options.extension, options.suite);
    await openWorkbench(page, server, options.workspace);
    try {
      return await followResults(results);
    } catch (error) {
      if (!existsSync(results)) await screenshot(page, 'failed-host-suite').catch(() => undefined);
      throw new Error(`${(error as Error).message}\n${evidence(server)}`, { cause: error });
    }
  } finally {
    await browser.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
