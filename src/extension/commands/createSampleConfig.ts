import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import type { Command } from './command.ts';
import { writeSample } from './sampleFiles.ts';

const SAMPLE = `# UDI on spoken and drawn digits: nothing to download, a minute on a laptop's CPU.
# Hover over a key to see what it does; the suggestions list the others.
name: quick-start
dataset: { name: synthetic-av }
model: { fusion: sum }
method: { name: udi } # anchor: auto, alpha: dynamic
training: { epochs: 8, batchSize: 32, learningRate: 0.01, seed: 0 }
device: auto
`;

/** `UDI: Create Sample Config`: writes a config that trains without any data into the workspace and opens it. */
export const createSampleConfig: Command = async (_services, folder) => {
  const root = folder instanceof vscode.Uri ? folder : vscode.workspace.workspaceFolders?.[0]?.uri;
  if (!root) throw new UserError('Open a folder first; the sample config is written into it.');
  return await writeSample(root, 'sample', '.udi.yaml', SAMPLE);
};
