import { join } from 'node:path';
import * as vscode from 'vscode';
import { errorText } from '../core/errors.ts';
import { readCatalog } from './catalogFile.ts';
import { registerCommands } from './commands/index.ts';
import { UdiLanguage } from './language/register.ts';
import { findNode } from './launch/nodeFinder.ts';
import { Notifier } from './views/notifier.ts';
import { ComparePanels } from './panels/comparePanel.ts';
import { RunPanels } from './panels/runPanel.ts';
import { StudyPanels } from './panels/studyPanel.ts';
import { Reports } from './views/reports.ts';
import type { Runs } from './follow/runs.ts';
import { RunTree } from './views/runTree.ts';
import { StatusBar } from './views/statusBar.ts';
import type { Studies } from './follow/studies.ts';
import { TrainerLauncher } from './launch/trainerLauncher.ts';
import { WorkspaceRuns } from './follow/workspaceRuns.ts';

/** What `activate` returns, for the tests that run in the extension host. */
export interface UdiApi {
  readonly runs: Runs;
  readonly studies: Studies;
  readonly tree: RunTree;
}

/** Called by VS Code. Trainers go on when the window closes; there is nothing to do at the end. */
export function activate(context: vscode.ExtensionContext): UdiApi {
  const keep = <T extends vscode.Disposable>(item: T): T => (context.subscriptions.push(item), item);
  const log = keep(vscode.window.createOutputChannel('UDI', { log: true }));
  try {
    const catalog = readCatalog(context.extensionPath);
    const { runs, studies } = keep(new WorkspaceRuns(log, catalog));
    const trainer = new TrainerLauncher({
      trainer: join(context.extensionPath, 'dist', 'trainer.cjs'),
      backends: join(context.globalStorageUri.fsPath, 'backends'),
      findNode: () => findNode({ setting: nodeSetting(), own: ownNode() }),
      log,
    });
    const tree = keep(new RunTree(runs, studies));
    const runPanels = keep(new RunPanels(context.extensionUri, runs, log));
    const comparePanels = keep(new ComparePanels(context.extensionUri, runs, log));
    const studyPanels = keep(new StudyPanels(context.extensionUri, studies, catalog, log));
    const reports = keep(new Reports());
    const panels = { runPanels, comparePanels, studyPanels };
    keep(registerCommands({ log, catalog, runs, studies, tree, trainer, ...panels, reports }));
    keep(new UdiLanguage(catalog));
    keep(new StatusBar(runs, studies));
    keep(new Notifier(runs, studies));
    return { runs, studies, tree };
  } catch (error) {
    log.error(error instanceof Error ? error : String(error));
    void vscode.window.showErrorMessage(`UDI Lab could not start: ${errorText(error)}`);
    throw error;
  }
}

function nodeSetting(): string {
  return vscode.workspace.getConfiguration('udi').get('trainer.node', '').trim();
}

/** The Node that VS Code itself runs on here: Electron's on a desktop, a plain one on a remote host. */
function ownNode(): { path: string; version: string; electron: boolean } {
  return { path: process.execPath, version: process.version, electron: process.versions['electron'] !== undefined };
}
