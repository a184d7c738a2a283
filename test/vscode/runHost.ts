/**
 * `npm run test:host`: the suites of test/host inside the extension host of a real VS Code (code-server).
 * `node test/vscode/runHost.ts [part of a file name ...] [--grep regex]`; for the harness itself also
 * `--extension folder` and `--suites folder`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleHostSuite, runHostSuite } from './hostSuite.ts';
import { requireVSCode } from './install.ts';
import { examplesDir, root } from './paths.ts';
import { errorText, finish } from './report.ts';
import { makeWorkspace, removeWorkspace } from './workspace.ts';

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { grep: { type: 'string' }, extension: { type: 'string' }, suites: { type: 'string' } },
  });
  const extension = values.extension ?? root;
  if (extension === root && !existsSync(join(root, 'dist/extension.cjs'))) {
    throw new Error('dist/extension.cjs is missing; run npm run build first.');
  }
  requireVSCode();
  const suite = await bundleHostSuite(values.suites ?? join(root, 'test/host'), positionals);
  const workspace = makeWorkspace({ from: examplesDir });
  try {
    console.log(`Host suite in VS Code on ${workspace}`);
    return finish(await runHostSuite({ extension, suite, workspace, ...(values.grep ? { grep: values.grep } : {}) }));
  } finally {
    removeWorkspace(workspace);
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
