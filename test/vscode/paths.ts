/**
 * Where the VS Code tests find and put things. Everything they write is under `.cache/` or `test-results/`
 * (both git-ignored) or in temporary folders, so a run as another user or on another checkout disturbs nothing.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const cacheDir = join(root, '.cache');
export const resultsDir = join(root, 'test-results');
export const screenshotsDir = join(resultsDir, 'screenshots');
export const examplesDir = join(root, 'examples');
export const vsixFile = join(root, 'udi-lab.vsix');

/** The Node 24 of the devDependency `node`: what VS Code itself runs, whatever the host has. */
export function node24(): string {
  const own = join(root, 'node_modules/node/bin/node');
  return existsSync(own) ? own : process.execPath;
}

/** The parts of an extension's `package.json` that the harness needs. */
export interface Manifest {
  name: string;
  publisher: string;
  engines?: { vscode?: string };
  contributes?: { commands?: { command: string; title: string; category?: string }[] };
}

/** Reads the manifest of the extension in `folder`. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}
