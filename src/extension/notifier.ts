import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { runFiles } from '../core/runStore.ts';
import { Disposable } from './disposable.ts';
import { oneLine, plainText } from './plainText.ts';
import { endText } from './runText.ts';
import type { Runs } from './runs.ts';
import type { TrackedRun } from './trackedRun.ts';

/** What the buttons of a notification do. */
const actions = { Open: 'udi.openRun', Resume: 'udi.resume', 'Show Log': 'udi.showLog' } as const;
type Action = keyof typeof actions;

/** Says when a run is active no longer, in every window that watched it. */
export class Notifier extends Disposable {
  constructor(runs: Runs) {
    super();
    this.register(runs.onDidEnd((run) => void notify(run)));
    this.register(runs.onDidRefuse(({ run, message }) =>
      void vscode.window.showWarningMessage(plainText(`${run.title}: ${oneLine(message, 300)}`))));
  }
}

async function notify(run: TrackedRun): Promise<void> {
  const wanted = vscode.workspace.getConfiguration('udi').get<string>('notifications');
  const good = run.state !== 'failed' && run.state !== 'interrupted';
  if (wanted === 'off' || (wanted === 'failures' && good)) return;
  const chosen = await show(run);
  if (chosen) await vscode.commands.executeCommand(actions[chosen], run.folder);
}

function show(run: TrackedRun): Thenable<Action | undefined> {
  switch (run.state) {
    case 'failed': return vscode.window.showErrorMessage<Action>(endText(run), 'Open', 'Show Log');
    case 'interrupted': {
      const last = lastLogLine(run.folder);
      const text = last === '' ? endText(run) : `${endText(run)} Last line of its log: ${plainText(last)}`;
      return vscode.window.showWarningMessage<Action>(text, 'Resume', 'Open', 'Show Log');
    }
    default: return vscode.window.showInformationMessage<Action>(endText(run), 'Open');
  }
}

function lastLogLine(folder: string): string {
  const file = join(folder, runFiles.log);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  return oneLine(lines.at(-1) ?? '', 300);
}
