import * as vscode from 'vscode';
import { Disposable, every } from './disposable.ts';
import { descriptionOf, spokenText, stateIcons, tooltipOf } from './runText.ts';
import type { Runs } from './runs.ts';
import { throttle } from './throttle.ts';
import type { TrackedRun } from './trackedRun.ts';

const REDRAW = 500;
const MINUTE = 60_000;

/** The list of runs in the side bar. Labels, descriptions and tooltips are plain text, whatever a file calls a run. */
export class RunTree extends Disposable implements vscode.TreeDataProvider<TrackedRun> {
  readonly #changed = this.register(new vscode.EventEmitter<TrackedRun[] | undefined>());
  readonly #touched = new Set<TrackedRun>();
  #listChanged = false;
  readonly #view: vscode.TreeView<TrackedRun>;

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(private readonly runs: Runs) {
    super();
    const options = { treeDataProvider: this, canSelectMany: true };
    this.#view = this.register(vscode.window.createTreeView('udi.runs', options));
    const redraw = this.register(throttle(REDRAW, () => this.#redraw()));
    this.register(runs.onDidChange(({ run, list }) => {
      if (list || !run) this.#listChanged = true;
      else this.#touched.add(run);
      redraw();
    }));
    // Ages go stale by themselves.
    this.register(every(MINUTE, () => this.#changed.fire(undefined)));
  }

  /** The runs that are selected in the view. */
  get selection(): readonly TrackedRun[] {
    return this.#view.selection;
  }

  async getChildren(run?: TrackedRun): Promise<TrackedRun[]> {
    if (run) return [];
    // The welcome text must not flash up while the first runs are still being read.
    if (this.runs.list().length === 0) await this.runs.whenLoaded();
    return this.runs.list();
  }

  getTreeItem(run: TrackedRun): vscode.TreeItem {
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

  #redraw(): void {
    const active = this.runs.active().length;
    const tooltip = active === 1 ? '1 run is active' : `${active} runs are active`;
    this.#view.badge = active === 0 ? undefined : { value: active, tooltip };
    this.#changed.fire(this.#listChanged ? undefined : [...this.#touched]);
    this.#listChanged = false;
    this.#touched.clear();
  }
}
