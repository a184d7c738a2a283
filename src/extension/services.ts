import type * as vscode from 'vscode';
import type { Catalog } from '../core/config/catalog.ts';
import type { ComparePanels } from './panels/comparePanel.ts';
import type { RunPanels } from './panels/runPanel.ts';
import type { StudyPanels } from './panels/studyPanel.ts';
import type { Reports } from './views/reports.ts';
import type { RunTree } from './views/runTree.ts';
import type { Runs } from './follow/runs.ts';
import type { Studies } from './follow/studies.ts';
import type { TrainerLauncher } from './launch/trainerLauncher.ts';

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
