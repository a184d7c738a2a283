import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';

const root = dirname(fileURLToPath(import.meta.url));
const watch = process.argv.includes('--watch');
const common = { bundle: true, metafile: true, sourcemap: true, minify: !watch, logLevel: 'warning', absWorkingDir: root };
const node = { ...common, platform: 'node', target: 'node20', format: 'cjs' };

/** What a bundle must not contain; the import rules of the lint config, checked once more on what was really bundled. */
const targets = [
  { options: { ...node, entryPoints: ['src/extension/extension.ts'], outfile: 'dist/extension.cjs', external: ['vscode'], define: { navigator: 'undefined' } }, forbids: /@tensorflow|src\/trainer\// },
  { options: { ...node, entryPoints: ['src/trainer/main.ts'], outfile: 'dist/trainer.cjs', mainFields: ['module', 'main'], banner: { js: '#!/usr/bin/env node' } }, forbids: /src\/extension\/|^vscode$/ },
  // What dist/trainer.cjs starts as worker threads: files are read and decoded there, nothing is computed.
  { options: { ...node, entryPoints: ['src/trainer/data/read/worker.ts'], outfile: 'dist/readWorker.cjs', mainFields: ['module', 'main'] }, forbids: /src\/extension\/|@tensorflow|^vscode$/ },
  {
    options: { ...common, platform: 'browser', target: 'es2022', format: 'iife', entryPoints: ['webview/runPanel.ts', 'webview/comparePanel.ts', 'webview/studyPanel.ts', 'webview/panel.css'], outdir: 'dist/webview' },
    forbids: /@tensorflow|src\/(trainer|extension)\/|node_modules\/zod\//,
  },
];

/** Fails the build if a bundle holds a module that its process must not load. */
function checkImports(metafile, forbids, name) {
  const wrong = Object.keys(metafile.inputs).filter((input) => forbids.test(input));
  if (wrong.length > 0) throw new Error(`${name} must not contain: ${wrong.slice(0, 5).join(', ')}`);
}

/** The wasm binaries lie beside the trainer; the catalogue and the JSON schemas come from the trainer itself. */
function writeAssets() {
  mkdirSync(join(root, 'dist/wasm'), { recursive: true });
  const wasm = join(root, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');
  for (const file of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm']) cpSync(join(wasm, file), join(root, 'dist/wasm', file));
  const catalog = execFileSync(process.execPath, [join(root, 'dist/trainer.cjs'), 'catalog'], { encoding: 'utf8' });
  const { catalog: entries, configSchema, studySchema, journalSchema } = JSON.parse(catalog);
  writeFileSync(join(root, 'dist/catalog.json'), JSON.stringify(entries, null, 2));
  writeFileSync(join(root, 'dist/udi-config.schema.json'), JSON.stringify(configSchema, null, 2));
  writeFileSync(join(root, 'dist/udi-study.schema.json'), JSON.stringify(studySchema, null, 2));
  writeFileSync(join(root, 'dist/udi-journal.schema.json'), JSON.stringify(journalSchema, null, 2));
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
for (const { options, forbids } of targets) {
  const name = options.outfile ?? options.outdir;
  const build = await context({
    ...options,
    plugins: [{ name: 'imports', setup: (setup) => setup.onEnd((result) => { if (result.metafile) checkImports(result.metafile, forbids, name); }) }],
  });
  await build.rebuild();
  if (watch) await build.watch();
  else await build.dispose();
}
writeAssets();
