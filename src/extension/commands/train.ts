import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import type { RunConfig } from '../../core/config.ts';
import { UserError } from '../../core/errors.ts';
import { parseConfig, type ConfigProblem } from '../../core/parseConfig.ts';
import { createRun, resolvePaths, runsFolder } from '../../core/runStore.ts';
import { CONFIG_GLOB, configName, isConfigFile } from '../language/configFile.ts';
import { rangeOf } from '../language/diagnostics.ts';
import { plainText } from '../plainText.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import type { Command } from './command.ts';

/** `UDI: Train`: trains the given config, the one in the editor, or the one picked. Returns the run's folder. */
export const train: Command = async (services, target) => {
  requireTrust(vscode.workspace.isTrusted);
  const uri = await chooseConfig(target);
  if (!uri) return undefined;
  const document = await vscode.workspace.openTextDocument(uri);
  // What is trained is what is in the editor, and what is on disk afterwards is the same.
  if (document.isDirty && !(await document.save())) {
    throw new UserError(`${uri.fsPath} could not be saved, so it was not trained.`, 'Save it and start again.');
  }
  // Read from the disk: the text of a document that no editor shows may be older than its file.
  const parsed = parseConfig(readFileSync(uri.fsPath, 'utf8'), services.catalog, { name: configName(uri.path) });
  if (!parsed.config) return void await refuse(uri, parsed.problems);
  return await startRun(services, uri, parsed.config);
};

/** Creates the run folder, starts its trainer and shows the panel beside the editor. */
async function startRun(services: Services, uri: vscode.Uri, config: RunConfig): Promise<string> {
  const { runs, catalog, trainer, runPanels } = services;
  // Runs of a config outside the workspace lie beside it.
  const root = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath ?? dirname(uri.fsPath);
  const folder = createRun(runsFolder(root), resolvePaths(config, catalog, dirname(uri.fsPath)), uri.fsPath);
  const child = await trainer.start(folder).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  runs.addRoot(root);
  const run = runs.get(folder);
  if (!run) throw new UserError(`The new run ${folder} cannot be read.`);
  run.launched(child);
  runPanels.show(run, vscode.ViewColumn.Beside, true);
  return folder;
}

async function chooseConfig(target: unknown): Promise<vscode.Uri | undefined> {
  if (target instanceof vscode.Uri) return target;
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active?.scheme === 'file' && isConfigFile(active.path)) return active;
  const found = await vscode.workspace.findFiles(CONFIG_GLOB, '**/{node_modules,.udi}/**', 200);
  if (found.length === 0) return await offerSample();
  const items = found
    .map((uri) => ({ label: plainText(vscode.workspace.asRelativePath(uri)), uri }))
    .sort((a, b) => a.label.localeCompare(b.label));
  return (await vscode.window.showQuickPick(items, { title: 'Train', placeHolder: 'Config to train' }))?.uri;
}

/** The sample is opened to be looked at; its *Train* is one click away. */
async function offerSample(): Promise<undefined> {
  const text = 'There is no *.udi.yaml config here yet.';
  const answer = await vscode.window.showInformationMessage(text, 'Create Sample Config');
  if (answer) await vscode.commands.executeCommand('udi.createSampleConfig');
}

async function refuse(uri: vscode.Uri, problems: readonly ConfigProblem[]): Promise<void> {
  const [first] = problems;
  if (!first) return;
  await goTo(uri, first);
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const key = first.key ? `${first.key}: ` : '';
  const text = `${vscode.workspace.asRelativePath(uri)}, line ${first.line}: ${key}${first.message}${more}`;
  void vscode.window.showErrorMessage(plainText(text), 'Go to Problem').then((answer) => answer && goTo(uri, first));
}

async function goTo(uri: vscode.Uri, problem: ConfigProblem): Promise<void> {
  await vscode.window.showTextDocument(uri, { selection: rangeOf(problem) });
}
