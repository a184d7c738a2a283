import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { parseStudy, type StudyProblem } from '../../core/study/parseStudy.ts';
import { runsFolder } from '../../core/run/runStore.ts';
import { liveSupervisor, supervisedError } from '../../core/study/studyStore.ts';
import { readBaseFile } from '../language/baseFile.ts';
import { studyKind } from '../language/fileKind.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { chooseFile, refuseFile, savedText, saveIfOpen } from './chooseFile.ts';
import type { Command } from './command.ts';
import { namedStudy } from './pickStudies.ts';
import { prepareStudy } from './prepareStudy.ts';
import { offerSampleStudy } from './sampleStudy.ts';

/**
 * `UDI: Run Study`: trains what is missing or failed of the given study, of the one in front, or of the one picked; with
 * keys, only these runs. The plan is made anew from the file, so that what was added to it is trained too. Returns
 * the study's folder.
 */
export const runStudy: Command = async (services, target, keys) => {
  requireTrust(vscode.workspace.isTrusted);
  const folder = await planStudy(services, target);
  if (folder === undefined) return undefined;
  const { runs, studies, trainer, studyPanels } = services;
  const only = Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [];
  const child = await trainer.startStudy(folder, only);
  const root = dirname(dirname(dirname(folder)));
  runs.addRoot(root);
  studies.addRoot(root);
  const study = studies.get(folder);
  if (!study) throw new UserError(`The study ${folder} cannot be read.`);
  study.launched(child);
  studyPanels.show(study, vscode.ViewColumn.Beside, true);
  return folder;
};

/** The folder of the study, with the plan that its file asks for; undefined if the user names no file or it is refused. */
async function planStudy(services: Services, target: unknown): Promise<string | undefined> {
  const given = target === undefined ? services.studyPanels.active
    : target instanceof vscode.Uri ? undefined : namedStudy(services, target);
  if (typeof target === 'string' && !given) throw new UserError('There is no such study.');
  if (given && !(given.origin && existsSync(given.origin.file))) {
    // Its file was moved or deleted; what was planned can be finished all the same.
    const supervisor = liveSupervisor(given.folder);
    if (supervisor) throw supervisedError(given.folder, supervisor);
    return given.folder;
  }
  const question = { title: 'Run a study', placeHolder: 'Study to run', none: offerSampleStudy };
  const uri = await chooseFile(studyKind, given?.origin ? vscode.Uri.file(given.origin.file) : target, question);
  return uri && await planFile(services, uri);
}

async function planFile(services: Services, uri: vscode.Uri): Promise<string | undefined> {
  const text = await savedText(uri);
  let base: string | undefined;
  const parse = () => parseStudy(text, services.catalog, { file: uri.fsPath, readFile: (path) => readBaseFile(base = path) });
  let parsed = parse();
  if (base !== undefined && await saveIfOpen(base)) parsed = parse();
  if (!parsed.study) return void await refuseStudy(uri, parsed.problems);
  // A study that the command line has begun goes on where it is.
  const root = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? dirname(uri.fsPath);
  return await prepareStudy(services.trainer, uri.fsPath, namedStudy(services, uri)?.origin?.runs ?? runsFolder(root));
}

/** Goes to the first problem, in the study or in the config that it starts from. */
async function refuseStudy(uri: vscode.Uri, problems: readonly StudyProblem[]): Promise<void> {
  const inBase = problems.map((problem) => problem.inBase).filter((problem) => problem !== undefined);
  if (problems[0]?.inBase) await refuseFile(vscode.Uri.file(problems[0].inBase.file), inBase);
  else await refuseFile(uri, problems);
}
