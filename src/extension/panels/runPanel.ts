import * as vscode from 'vscode';
import { fromRunPanelSchema, type FromRunPanel, type RunView } from '../../core/protocol.ts';
import type { CommandId } from '../commands/ids.ts';
import { packChange, packState } from '../../core/pageMessage.ts';
import { Disposable } from '../disposable.ts';
import type { Log } from '../log.ts';
import type { Runs } from '../follow/runs.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';
import { Panel } from './panel.ts';
import { runViewOf } from './runView.ts';
import { savedRuns } from './savedState.ts';

const VIEW_TYPE = 'udi.run';

type Action = Extract<FromRunPanel, { type: 'action' }>['action'];

/** Buttons of the page and the commands they stand for. */
const commandOf: Readonly<Record<Action, CommandId>> = {
  stop: 'udi.stop',
  cancel: 'udi.cancel',
  pause: 'udi.pause',
  continue: 'udi.continue',
  resume: 'udi.resume',
  trainAgain: 'udi.trainAgain',
  openConfig: 'udi.openConfig',
  openSource: 'udi.openSource',
  openLog: 'udi.showLog',
  revealFolder: 'udi.revealFolder',
};

/** The run panels: one for each run that is open. */
export class RunPanels extends Disposable implements vscode.WebviewPanelSerializer {
  readonly #open = new Map<string, Panel<FromRunPanel>>();

  constructor(private readonly extension: vscode.Uri, private readonly runs: Runs, private readonly log: Log) {
    super();
    this.register(vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, this));
    this.register(runs.onDidChange(({ item }) => this.#update(item)));
    this.register(vscode.workspace.onDidGrantWorkspaceTrust(() => {
      for (const panel of this.#open.values()) panel.update();
    }));
  }

  /** Shows a run, in `column` if it is not open yet. */
  show(run: TrackedRun, column: vscode.ViewColumn, preserveFocus = false): void {
    const open = this.#open.get(run.folder);
    if (open) {
      open.view.reveal(undefined, preserveFocus);
      return;
    }
    runViewOf(run, vscode.workspace.isTrusted);
    this.#adopt(vscode.window.createWebviewPanel(VIEW_TYPE, run.title, { viewColumn: column, preserveFocus }), run);
  }

  /** The run whose panel is in front. */
  get active(): TrackedRun | undefined {
    const found = [...this.#open].find(([, panel]) => panel.view.active);
    return found && this.runs.get(found[0]);
  }

  async deserializeWebviewPanel(view: vscode.WebviewPanel, state: unknown): Promise<void> {
    // Read now, whatever else is still to be read.
    const saved = this.runs.get(savedRuns(state)[0] ?? '');
    // A window that was closed hard may have stored the panel without its state; its title still names the run.
    const run = saved ?? await this.runs.find((each) => each.title === view.title && !this.#open.has(each.folder));
    if (run?.config && !this.#open.has(run.folder)) this.#adopt(view, run);
    else view.dispose();
  }

  #adopt(view: vscode.WebviewPanel, run: TrackedRun): void {
    const { folder } = run;
    let shown: RunView | undefined;
    const panel = new Panel<FromRunPanel>(view, this.extension, this.log, {
      script: 'runPanel.js',
      schema: fromRunPanelSchema,
      state: (whole) => {
        const current = this.runs.get(folder);
        if (!current) return undefined;
        const before = whole ? undefined : shown;
        shown = runViewOf(current, vscode.workspace.isTrusted);
        // Progress comes four times a second, and a long run is a long message.
        const { progress } = shown;
        return before && progress && sameButProgress(before, shown) ? packChange({ progress }) : packState(shown);
      },
      onMessage: (message) => this.#receive(folder, message),
      onClose: () => this.#open.delete(folder),
    });
    this.#open.set(folder, panel);
  }

  async #receive(folder: string, message: FromRunPanel): Promise<void> {
    switch (message.type) {
      case 'ready': return;
      case 'action': return void await vscode.commands.executeCommand(commandOf[message.action], folder);
      case 'copy': return await vscode.env.clipboard.writeText(message.text);
    }
  }

  #update(run: TrackedRun): void {
    const panel = this.#open.get(run.folder);
    if (!panel) return;
    if (run.isDisposed) {
      panel.view.dispose();
      return;
    }
    panel.view.title = run.title;
    panel.update();
  }
}

function sameButProgress(a: RunView, b: RunView): boolean {
  const { progress: _, ...rest } = { ...a, ...b };
  return (Object.keys(rest) as (keyof typeof rest)[]).every((key) => a[key] === b[key]);
}
