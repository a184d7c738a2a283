import * as vscode from 'vscode';
import { Disposable } from './disposable.ts';
import { statusText, statusTooltip } from './runText.ts';
import type { Runs } from './runs.ts';
import { throttle } from './throttle.ts';

/** Progress of the active runs in the status bar; a click opens the run. */
export class StatusBar extends Disposable {
  readonly #item = this.register(vscode.window.createStatusBarItem('udi.progress', vscode.StatusBarAlignment.Left));

  constructor(private readonly runs: Runs) {
    super();
    this.#item.name = 'UDI Training';
    const update = this.register(throttle(250, () => this.#update()));
    this.register(runs.onDidChange(update));
    update();
  }

  #update(): void {
    const active = this.runs.active();
    const text = statusText(active);
    if (text === undefined) {
      this.#item.hide();
    } else {
      this.#item.text = text;
      this.#item.tooltip = statusTooltip(active);
      this.#item.command = { command: 'udi.openRun', title: 'Open Run', arguments: [active[0]?.folder] };
      this.#item.show();
    }
  }
}
