import { existsSync } from 'node:fs';
import { basename, dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import type { Catalog } from '../config/catalog.ts';
import type { RunConfig } from '../config/config.ts';
import { datasetPaths, mapPaths } from '../config/paths.ts';

/**
 * The folder that a folder of runs belongs to: the one that holds `.udi`, else the one that holds the runs. Runs, studies and
 * data below it are moved together, so what a run stores about them starts here.
 */
export function workspaceOf(runs: string): string {
  const above = dirname(resolve(runs));
  return basename(above) === '.udi' ? dirname(above) : above;
}

/** The workspace of one run: relative paths of its stored config start there. */
export function workspaceOfRun(folder: string): string {
  return workspaceOf(dirname(resolve(folder)));
}

/** The same config with every path of its dataset and encoders made absolute, starting from `folder`. */
export function resolvePaths(config: RunConfig, catalog: Catalog, folder: string): RunConfig {
  return mapPaths(config, catalog, (path) => resolve(folder, path));
}

/** The same config with every path of its dataset and encoders as it is stored: relative to the workspace where it lies inside, absolute otherwise. */
export function storedPaths(config: RunConfig, catalog: Catalog, workspace: string): RunConfig {
  return mapPaths(config, catalog, (path) => storedPath(resolve(workspace, path), workspace));
}

/** An absolute path, relative to the workspace if it lies inside: with `/` on every system, so that a copy can be read on another one. */
export function storedPath(path: string, workspace: string): string {
  // Everything lies in the root folder; nobody moves that.
  if (dirname(workspace) === workspace) return path;
  const inside = relative(workspace, path);
  if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return path;
  return inside === '' ? '.' : inside.split(sep).join('/');
}

/** The first path of a run's dataset that leads nowhere; undefined if there is none. */
export function missingPath(config: RunConfig, catalog: Catalog, workspace: string): { readonly key: string; readonly path: string } | undefined {
  return datasetPaths(config, catalog)
    .map(({ key, text }) => ({ key, path: resolve(workspace, text) }))
    .find(({ path }) => !existsSync(path));
}
