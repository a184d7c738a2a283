import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { RunConfig } from '../../core/config/config.ts';
import { systemError, UserError } from '../../core/errors.ts';
import { thisMachine, type Machine } from '../../core/config/paths.ts';
import { workspaceOf } from '../../core/run/runPaths.ts';
import { expandStudy } from '../../core/study/expandStudy.ts';
import { requireStudy } from '../../core/study/parseStudy.ts';
import type { StudyPlan } from '../../core/study/studyPlan.ts';
import { studiesBeside, writeStudy } from '../../core/study/studyStore.ts';
import { createCatalog } from '../catalog.ts';
import { findDataset } from '../datasets/index.ts';

/**
 * What a `*.udi-study.yaml` file (and its base) asks for now, with its runs in the folder `runs`. Without `machine` nobody looks
 * whether its data are there.
 * @throws UserError that lists `file:line:column` of everything that is wrong with it
 */
export function planStudy(file: string, runs: string, machine: Machine = { home: thisMachine.home, env: thisMachine.env }): StudyPlan {
  const catalog = createCatalog();
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const modalitiesOf = ({ dataset: { name, ...settings } }: RunConfig): readonly string[] => findDataset(name).modalities(settings, dirname(resolve(file)));
  const study = requireStudy(readStudy(file), catalog, { file, readFile, modalitiesOf, machine, workspace: workspaceOf(runs) });
  return expandStudy(study, catalog, modalitiesOf, machine);
}

/**
 * Writes what the study file asks for now into the study's folder, beside the folder of the runs, and returns its path;
 * `runSupervisor` goes on from there. Runs that are there already stay what they are.
 * @throws UserError if the file is wrong, another file has made a study of this name, or the study is being run
 */
export function prepareStudy(file: string, runs: string): string {
  return writeStudy(studiesBeside(runs), planStudy(file, runs, thisMachine), { file: resolve(file), runs: resolve(runs) });
}

function readStudy(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`Cannot read the study: ${systemError(error, file)?.message ?? String(error)}`, 'Name a *.udi-study.yaml file, or the id of a study that was run.');
  }
}
