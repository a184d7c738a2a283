import { basename, join } from 'node:path';
import type { RunConfig } from '../../core/config/config.ts';
import { datasetPaths } from '../../core/config/paths.ts';
import { UserError } from '../../core/errors.ts';
import { storedPaths, workspaceOfRun } from '../../core/run/runPaths.ts';
import { runFiles } from '../../core/run/runStore.ts';
import { createCatalog } from '../catalog.ts';

/** Other places of a run's data: paths by setting of its dataset, absolute. */
export type DataPaths = Readonly<Record<string, string>>;

/** The config of the run in `folder` with its data elsewhere; the paths as they are stored. */
export function withDataPaths(config: RunConfig, paths: DataPaths, folder: string): RunConfig {
  return storedPaths({ ...config, dataset: { ...config.dataset, ...paths } }, createCatalog(), workspaceOfRun(folder));
}

/** An error of reading a run's data, saying as well which file names them and how a run goes on whose data were moved. */
export function dataError(error: unknown, config: RunConfig, folder: string): unknown {
  const [first] = datasetPaths(config, createCatalog());
  if (!(error instanceof UserError) || !first) return error;
  const moved = `The run takes its data from where ${join(folder, runFiles.config)} says. If they were moved: udi resume ${basename(folder)} --set dataset.${first.key}=<path>`;
  return new UserError(error.message, error.hint === undefined ? moved : `${error.hint}\n${moved}`);
}
