import type * as vscode from 'vscode';
import type { Catalog } from '../core/catalog.ts';
import type { ComparePanels } from './panels/comparePanel.ts';
import type { RunPanels } from './panels/runPanel.ts';
import type { StudyPanels } from './panels/studyPanel.ts';
import type { Reports } from './reports.ts';
import type { RunTree } from './runTree.ts';
import type { Runs } from './runs.ts';
import type { Studies } from './studies.ts';
import type { TrainerLauncher } from './trainerLauncher.ts';

/** What the commands work with; built once in `extension.ts`. */
export interface Services {
  readonly log: vscode.LogOutputChannel;
  readonly catalog: Catalog;
  readonly runs: Runs;
  readonly studies: Studies;
  readonly tree: RunTree;
  readonly trainer: TrainerLauncher;
  readonly runPanels: RunPanels;
  readonly comparePanels: ComparePanels;
  readonly studyPanels: StudyPanels;
  readonly reports: Reports;
}
