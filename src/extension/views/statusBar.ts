import * as vscode from 'vscode';
import { Disposable } from '../disposable.ts';
import { statusText, statusTooltip } from './runText.ts';
import type { Runs } from '../follow/runs.ts';
import type { Studies } from '../follow/studies.ts';
import { studyStatus, studyTooltip } from './studyText.ts';
import { throttle } from '../throttle.ts';

/** Progress in the status bar: of the running study if there is one, else of the active runs. A click opens it. */
export class StatusBar extends Disposable {
  readonly #item = this.register(vscode.window.createStatusBarItem('udi.progress', vscode.StatusBarAlignment.Left));

  constructor(private readonly runs: Runs, private readonly studies: Studies) {
    super();
    this.#item.name = 'UDI Training';
    const update = this.register(throttle(250, () => this.#update()));
    this.register(runs.onDidChange(update));
    this.register(studies.onDidChange(update));
    update();
  }

  #update(): void {
    const studies = this.studies.active();
    const runs = this.runs.active();
    const study = studyStatus(studies);
    if (study !== undefined) {
      this.#show(study, studies.map(studyTooltip).join('\n\n'));
      this.#item.command = { command: 'udi.openStudy', title: 'Open Study', arguments: [studies[0]?.folder] };
      return;
    }
    const text = statusText(runs);
    if (text === undefined) {
      this.#item.hide();
      return;
    }
    this.#show(text, statusTooltip(runs));
    this.#item.command = { command: 'udi.openRun', title: 'Open Run', arguments: [runs[0]?.folder] };
  }

  #show(text: string, tooltip: string): void {
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.show();
  }
}
