import * as vscode from 'vscode';
import { Disposable, every } from '../disposable.ts';
import { descriptionOf, spokenText, stateIcons, tooltipOf } from './runText.ts';
import type { Runs } from '../follow/runs.ts';
import type { Studies } from '../follow/studies.ts';
import { spokenStudy, studyDescription, studyIcons, studyTooltip } from './studyText.ts';
import { throttle } from '../throttle.ts';
import { TrackedRun } from '../follow/trackedRun.ts';
import type { TrackedStudy } from '../follow/trackedStudy.ts';

const REDRAW = 500;
const MINUTE = 60_000;

/** A line of the tree: a study, with its runs below it, or a run. */
export type TreeNode = TrackedStudy | TrackedRun;

/**
 * Studies and runs in the side bar; a run that belongs to a study stands below it and nowhere else. Labels, descriptions
 * and tooltips are plain text, whatever a file calls a run.
 */
export class RunTree extends Disposable implements vscode.TreeDataProvider<TreeNode> {
  readonly #changed = this.register(new vscode.EventEmitter<TreeNode[] | undefined>());
  readonly #touched = new Set<TreeNode>();
  #listChanged = false;
  readonly #view: vscode.TreeView<TreeNode>;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(private readonly runs: Runs, private readonly studies: Studies) {
    super();
    const options = { treeDataProvider: this, canSelectMany: true };
    this.#view = this.register(vscode.window.createTreeView('udi.runs', options));
    const redraw = this.register(throttle(REDRAW, () => this.#redraw()));
    const touch = (node: TreeNode | undefined, list: boolean) => {
      if (list || !node) this.#listChanged = true;
      else this.#touched.add(node);
      redraw();
    };
    this.register(runs.onDidChange(({ run, list }) => touch(run, list)));
    this.register(studies.onDidChange(({ study, list }) => touch(study, list)));
    // Ages go stale by themselves.
    this.register(every(MINUTE, () => this.#changed.fire(undefined)));
  }

  /** The runs that are selected in the view. */
  get selection(): readonly TrackedRun[] {
    return this.#view.selection.filter((node) => node instanceof TrackedRun);
  }

  async getChildren(node?: TreeNode): Promise<TreeNode[]> {
    if (node instanceof TrackedRun) return [];
    if (node) return [...node.runs.values()];
    const studies = this.studies.list();
    // The welcome text must not flash up while the first runs are still being read.
    if (studies.length === 0 && this.runs.list().length === 0) await this.runs.whenLoaded();
    return [...studies, ...this.runs.list().filter((run) => !this.studies.ownerOf(run))];
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    return node instanceof TrackedRun ? runItem(node) : studyItem(node);
  }

  #redraw(): void {
    const active = this.runs.active().length;
    const tooltip = active === 1 ? '1 run is active' : `${active} runs are active`;
    this.#view.badge = active === 0 ? undefined : { value: active, tooltip };
    this.#changed.fire(this.#listChanged ? undefined : [...this.#touched]);
    this.#listChanged = false;
    this.#touched.clear();
  }
}

function runItem(run: TrackedRun): vscode.TreeItem {
  const { icon, color } = stateIcons[run.state];
  const item = new vscode.TreeItem(run.title, vscode.TreeItemCollapsibleState.None);
  item.id = run.folder;
  item.description = descriptionOf(run, Date.now());
  item.tooltip = tooltipOf(run);
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
  item.contextValue = `run.${run.state}`;
  item.accessibilityInformation = { label: spokenText(run, Date.now()) };
  item.command = { command: 'udi.openRun', title: 'Open Run', arguments: [run] };
  return item;
}

function studyItem(study: TrackedStudy): vscode.TreeItem {
  const { icon, color } = studyIcons[study.state];
  const item = new vscode.TreeItem(study.title, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = study.folder;
  item.description = studyDescription(study, Date.now());
  item.tooltip = studyTooltip(study);
  item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
  item.contextValue = `study.${study.state}`;
  item.accessibilityInformation = { label: spokenStudy(study, Date.now()) };
  // A click opens the panel; the arrow shows the runs.
  item.command = { command: 'udi.openStudy', title: 'Open Study', arguments: [study] };
  return item;
}
