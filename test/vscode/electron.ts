/**
 * `npm run test:electron`: the suites of test/host in VS Code Desktop, which @vscode/test-electron downloads into
 * `.vscode-test` (or which `UDI_VSCODE` names). `UDI_VSCODE_VERSION` chooses another version than the newest stable.
 * Where the download or a display is missing it says so; `npm run test:host` needs neither.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { bundleHostSuite, hostVariables } from './hostSuite.ts';
import { examplesDir, root } from './paths.ts';
import { errorText, finish, formatResult, readLines } from './report.ts';
import { makeWorkspace, removeWorkspace } from './workspace.ts';

/** The executable of VS Code Desktop. */
async function findVSCode(): Promise<string> {
  const named = process.env['UDI_VSCODE'];
  if (named && !existsSync(named)) throw new Error(`UDI_VSCODE names ${named}, which does not exist.`);
  if (named) return named;
  const version = process.env['UDI_VSCODE_VERSION'] ?? 'stable';
  try {
    return await downloadAndUnzipVSCode({ version, cachePath: join(root, '.vscode-test'), timeout: 30_000 });
  } catch (error) {
    const text = `VS Code (${version}) cannot be downloaded: ${errorText(error)}`;
    const help = 'Set UDI_VSCODE to the executable of an installed one, or use npm run test:host.';
    throw new Error(`${text}\n${help}`, { cause: error });
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { grep: { type: 'string' } } });
  if (!existsSync(join(root, 'dist/extension.cjs'))) throw new Error('dist/extension.cjs is missing: npm run build');
  const vscodeExecutablePath = await findVSCode();
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) {
    throw new Error('VS Code Desktop needs a display; without one: xvfb-run -a npm run test:electron');
  }
  const suite = await bundleHostSuite(join(root, 'test/host'), positionals);
  const workspace = makeWorkspace({ from: examplesDir });
  const data = mkdtempSync(join(tmpdir(), 'udi-electron-'));
  const results = join(data, 'results.jsonl');
  // As root, Electron refuses its sandbox and VS Code refuses to share the user's data folder.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  try {
    // It rejects if a test failed; the results say more.
    const outcome = await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: root,
      extensionTestsPath: suite,
      extensionTestsEnv: { [hostVariables.results]: results, [hostVariables.grep]: values.grep },
      launchArgs: [
        workspace, '--user-data-dir', join(data, 'user'), '--extensions-dir', join(data, 'extensions'),
        '--disable-workspace-trust', '--disable-gpu', '--skip-welcome', '--skip-release-notes', ...asRoot,
      ],
    }).catch((error: unknown) => error);
    const { results: tests, ending } = readLines(results);
    if (!ending || ending.error) throw new Error(`The suite could not run: ${ending?.error ?? errorText(outcome)}`);
    for (const test of tests) console.log(formatResult(test));
    return finish(tests);
  } finally {
    removeWorkspace(workspace);
    rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(errorText(error));
    console.log('\n0 passed, 1 failed');
    process.exit(1);
  },
);
