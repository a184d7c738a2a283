import * as vscode from 'vscode';
import { Disposable, every } from '../disposable.ts';
import { descriptionOf, spokenText, stateIcons, tooltipOf } from './runText.ts';
import type { Runs } from '../follow/runs.ts';
import type { Studies } from '../follow/studies.ts';
import { spokenStudy, studyDescription, studyIcons, studyTooltip } from './studyText.ts';
import { throttle } from '../throttle.ts';
import { canResume } from '../../core/run/run.ts';
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
    const touch = (node: TreeNode, list: boolean) => {
      if (list) this.#listChanged = true;
      else this.#touched.add(node);
      redraw();
    };
    this.register(runs.onDidChange(({ item, list }) => touch(item, list)));
    this.register(studies.onDidChange(({ item, list }) => touch(item, list)));
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
    const now = Date.now();
    return itemOf(node, node instanceof TrackedRun ? runLook(node, now) : studyLook(node, now));
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

/** What a line shows, besides its name. */
interface Look {
  readonly kind: 'run' | 'study';
  readonly icon: { readonly icon: string; readonly color: string };
  readonly description: string;
  readonly tooltip: string;
  readonly spoken: string;
  /** Set for a run that our trainer cannot go on with, whatever its state: the tree's commands look for it. */
  readonly foreign?: boolean;
}

function runLook(run: TrackedRun, now: number): Look {
  return {
    kind: 'run', icon: stateIcons[run.state], description: descriptionOf(run, now), tooltip: tooltipOf(run), spoken: spokenText(run, now),
    foreign: canResume(run.state) && !run.canResume,
  };
}

function studyLook(study: TrackedStudy, now: number): Look {
  return {
    kind: 'study', icon: studyIcons[study.state], description: studyDescription(study, now), tooltip: studyTooltip(study), spoken: spokenStudy(study, now),
  };
}

/** A line of the tree; a click opens its panel, and the arrow of a study shows its runs. */
function itemOf(node: TreeNode, { kind, icon, description, tooltip, spoken, foreign }: Look): vscode.TreeItem {
  const { None, Collapsed } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(node.title, kind === 'run' ? None : Collapsed);
  item.id = node.folder;
  item.description = description;
  item.tooltip = tooltip;
  item.iconPath = new vscode.ThemeIcon(icon.icon, new vscode.ThemeColor(icon.color));
  item.contextValue = `${kind}.${node.state}${foreign ? '.foreign' : ''}`;
  item.accessibilityInformation = { label: spoken };
  item.command = { command: kind === 'run' ? 'udi.openRun' : 'udi.openStudy', title: 'Open', arguments: [node] };
  return item;
}
