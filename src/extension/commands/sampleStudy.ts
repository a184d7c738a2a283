import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { configKind, nameOf } from '../language/fileKind.ts';
import { chooseFile } from './chooseFile.ts';
import { writeSample } from './sampleFiles.ts';

/** Offers to write a study beside a config (a sample one if there is none); it is opened to be looked at, not run. */
export async function offerSampleStudy(): Promise<undefined> {
  const text = 'There is no *.udi-study.yaml study here yet.';
  if (!(await vscode.window.showInformationMessage(text, 'Create Sample Study'))) return;
  const question = { title: 'Create a study', placeHolder: 'Config that its runs start from', none: createConfig };
  const config = await chooseFile(configKind, undefined, question);
  if (!config) return;
  const name = nameOf(configKind, config.path, 'sample');
  await writeSample(vscode.Uri.file(dirname(config.fsPath)), name, '.udi-study.yaml', sampleStudy(basename(config.fsPath)));
}

async function createConfig(): Promise<vscode.Uri | undefined> {
  return await vscode.commands.executeCommand<vscode.Uri | undefined>('udi.createSampleConfig');
}

/** The text of a study that starts from `config`, a file beside it. */
export function sampleStudy(config: string): string {
  return `# Four settings of the loss weights of UDI, each with two seeds. Hover over a key to see what it does.
base: ${JSON.stringify(config)}
seeds: [0, 1]
presets: [alpha] # also: methods, components, anchor
# grid: { training.learningRate: [0.01, 0.03] }
`;
}
