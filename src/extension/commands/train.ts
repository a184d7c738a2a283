import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { RunConfig } from '../../core/config/config.ts';
import { thisMachine } from '../../core/config/paths.ts';
import { parseConfig } from '../../core/config/parseConfig.ts';
import { resolvePaths, storedPaths } from '../../core/run/runPaths.ts';
import { createRun, runsFolder } from '../../core/run/runStore.ts';
import { configKind, nameOf } from '../language/fileKind.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import { chooseFile, refuseFile, savedText } from './chooseFile.ts';
import type { Command } from './command.ts';
import { startNewRun } from './startNewRun.ts';

/** `UDI: Train`: trains the given config, the one in the editor, or the one picked. Returns the run's folder. */
export const train: Command = async (services, target) => {
  requireTrust(vscode.workspace.isTrusted);
  const question = { title: 'Train', placeHolder: 'Config to train', none: offerSample };
  const uri = await chooseFile(configKind, target, question);
  if (!uri) return undefined;
  const parsed = parseConfig(await savedText(uri), services.catalog, {
    name: nameOf(configKind, uri.path, 'run'), paths: { folder: dirname(uri.fsPath), machine: thisMachine },
  });
  if (!parsed.config) return void await refuseFile(uri, parsed.problems);
  return await startRun(services, uri, parsed.config);
};

/** Creates the run folder, starts its trainer and shows the panel beside the editor. */
async function startRun(services: Services, uri: vscode.Uri, config: RunConfig): Promise<string> {
  const { catalog } = services;
  // Runs of a config outside the workspace lie beside it.
  const root = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? dirname(uri.fsPath);
  const folder = createRun(runsFolder(root), storedPaths(resolvePaths(config, catalog, dirname(uri.fsPath)), catalog, root), uri.fsPath);
  return await startNewRun(services, folder, vscode.ViewColumn.Beside);
}

/** The sample is opened to be looked at; its *Train* is one click away. */
async function offerSample(): Promise<undefined> {
  const text = 'There is no *.udi.yaml config here yet.';
  const answer = await vscode.window.showInformationMessage(text, 'Create Sample Config');
  if (answer) await vscode.commands.executeCommand('udi.createSampleConfig');
}
