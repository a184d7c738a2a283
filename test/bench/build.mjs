// Bundles the benchmark like the trainer itself, so that both measure the same code.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
await build({
  absWorkingDir: root, entryPoints: ['test/bench/main.ts'], outfile: '.cache/bench.cjs',
  bundle: true, platform: 'node', target: 'node20', format: 'cjs', mainFields: ['module', 'main'], logLevel: 'warning',
});
