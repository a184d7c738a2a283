import * as vscode from 'vscode';
import { changedKeys, distinctTitles, scoreRows } from '../../core/run/compare.ts';
import { exportTable } from '../../core/run/exportTable.ts';
import {
  fromComparePanelSchema, type CompareView, type FromComparePanel,
} from '../../core/protocol.ts';
import { packState } from '../../core/pageMessage.ts';
import { Disposable } from '../disposable.ts';
import type { Log } from '../log.ts';
import type { Runs } from '../follow/runs.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';
import { Panel } from './panel.ts';
import { runViewOf } from './runView.ts';
import { savedRuns } from './savedState.ts';

const VIEW_TYPE = 'udi.compare';

interface Comparison {
  readonly folders: readonly string[];
  readonly panel: Panel<FromComparePanel>;
}

/** The compare panels: one for each set of runs that is open. */
export class ComparePanels extends Disposable implements vscode.WebviewPanelSerializer {
  readonly #open = new Set<Comparison>();

  constructor(private readonly extension: vscode.Uri, private readonly runs: Runs, private readonly log: Log) {
    super();
    this.register(vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this));
    this.register(runs.onDidChange(({ item }) => {
      for (const { folders, panel } of this.#open) {
        if (!folders.includes(item.folder)) continue;
        if (folders.some((folder) => runs.get(folder))) panel.update();
        else panel.view.dispose();
      }
    }));
  }

  /** Compares these runs in the order given. */
  show(runs: readonly TrackedRun[]): void {
    const key = keyOf(runs.map((run) => run.folder));
    const open = [...this.#open].find(({ folders }) => keyOf(folders) === key);
    if (open) {
      open.panel.view.reveal();
      return;
    }
    compareViewOf(runs);
    this.#adopt(vscode.window.createWebviewPanel(VIEW_TYPE, titleOf(runs), vscode.ViewColumn.Active), runs);
  }

  deserializeWebviewPanel(view: vscode.WebviewPanel, state: unknown): Promise<void> {
    const known = savedRuns(state).map((id) => this.runs.get(id)).filter((run) => run !== undefined);
    const runs = known.filter((run) => run.config !== undefined);
    if (runs.length >= 2) this.#adopt(view, runs);
    else view.dispose();
    return Promise.resolve();
  }

  #adopt(view: vscode.WebviewPanel, runs: readonly TrackedRun[]): void {
    const folders = runs.map((run) => run.folder);
    const panel = new Panel<FromComparePanel>(view, this.extension, this.log, {
      script: 'comparePanel.js',
      schema: fromComparePanelSchema,
      state: () => packState(this.#view(folders)),
      onMessage: (message) => this.#receive(folders, message),
      onClose: () => this.#open.delete(comparison),
    });
    const comparison: Comparison = { folders, panel };
    this.#open.add(comparison);
  }

  async #receive(folders: readonly string[], message: FromComparePanel): Promise<void> {
    switch (message.type) {
      case 'ready': return;
      case 'openRun': return void await vscode.commands.executeCommand('udi.openRun', message.id);
      case 'copyTable': {
        const { runs, changed, scores } = this.#view(folders);
        const table = { titles: distinctTitles(runs), changed, scores, selectedOn: runs.map(({ run }) => run.selectedOn) };
        await vscode.env.clipboard.writeText(exportTable(table, message.format));
        vscode.window.setStatusBarMessage('Table copied', 3000);
      }
    }
  }

  /** The comparison of those runs that are still there. */
  #view(folders: readonly string[]): CompareView {
    return compareViewOf(folders.map((folder) => this.runs.get(folder)).filter((run) => run !== undefined));
  }
}

/** What the page is told of the runs. */
export function compareViewOf(runs: readonly TrackedRun[]): CompareView {
  const views = runs.map((run) => runViewOf(run, vscode.workspace.isTrusted));
  return {
    runs: views,
    changed: changedKeys(views.map((view) => view.config)),
    scores: scoreRows(views.map((view) => view.run)),
  };
}

function keyOf(folders: readonly string[]): string {
  return [...folders].sort().join('\n');
}

function titleOf(runs: readonly TrackedRun[]): string {
  return runs.length === 2 ? `${runs[0]?.title ?? ''} | ${runs[1]?.title ?? ''}` : `Compare ${runs.length} runs`;
}
