import * as vscode from 'vscode';
import { Disposable } from '../disposable.ts';
import type { Runs } from '../follow/runs.ts';
import type { Studies } from '../follow/studies.ts';
import { throttle } from '../throttle.ts';

/** Keeps the context keys up to date that `when` clauses of the manifest ask for. */
export class ContextKeys extends Disposable {
  readonly #known = new Map<string, boolean>();

  constructor(runs: Runs, studies: Studies) {
    super();
    const update = this.register(throttle(250, () => {
      const states = new Set(runs.active().map((run) => run.state));
      this.#set('udi.hasRuns', !runs.isEmpty);
      this.#set('udi.hasRunning', states.has('running'));
      this.#set('udi.hasPaused', states.has('paused'));
      this.#set('udi.hasActive', states.has('running') || states.has('paused'));
      this.#set('udi.hasStudies', studies.list().length > 0);
      this.#set('udi.hasActiveStudy', studies.active().length > 0);
    }));
    this.register(runs.onDidChange(update));
    this.register(studies.onDidChange(update));
    update();
  }

  #set(key: string, value: boolean): void {
    if (this.#known.get(key) === value) return;
    this.#known.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  }
}
