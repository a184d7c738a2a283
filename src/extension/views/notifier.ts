import * as vscode from 'vscode';
import { lastLogLine, neverBegunText, type NeverBegun } from '../../core/run/neverBegun.ts';
import { Disposable } from '../disposable.ts';
import type { Log } from '../log.ts';
import { oneLine } from '../../core/printable.ts';
import { plainText } from './plainText.ts';
import { endText } from './runText.ts';
import type { Runs } from '../follow/runs.ts';
import type { Studies } from '../follow/studies.ts';
import { studyEndText } from './studyText.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';
import type { TrackedStudy } from '../follow/trackedStudy.ts';

/** What the buttons of a notification about a run do. */
const actions = {
  Open: 'udi.openRun', Resume: 'udi.resume', 'Train Again': 'udi.trainAgain', 'Open Source Config': 'udi.openSource', 'Show Log': 'udi.showLog',
} as const;
type Action = keyof typeof actions;

/** What the buttons of a notification about a study do. */
const studyActions = { Open: 'udi.openStudy', Continue: 'udi.runStudy', 'Show Log': 'udi.showLog' } as const;
type StudyAction = keyof typeof studyActions;

/** Says when a run or a study is active no longer, in every window that watched it. */
export class Notifier extends Disposable {
  constructor(runs: Runs, studies: Studies) {
    super();
    // Dozens of runs end in a study; it speaks for them.
    this.register(runs.onDidEnd((run) => void (studies.ownerOf(run) ?? notify(run))));
    this.register(runs.onDidRefuse(({ item, message }) => refused(item.title, message)));
    this.register(studies.onDidEnd((study) => void notifyStudy(study)));
    this.register(studies.onDidRefuse(({ item, message }) => refused(item.title, message)));
  }
}

function refused(title: string, message: string): void {
  void vscode.window.showWarningMessage(plainText(`${title}: ${oneLine(message, 300)}`));
}

/** Says why a run that was just created is there no more; its log is kept in the extension's own output. */
export async function notifyNeverBegun(title: string, never: NeverBegun, log: Log & { show(): void }): Promise<void> {
  log.error(`${title}: ${neverBegunText(never)}\n${never.log.trimEnd()}`);
  if (await vscode.window.showErrorMessage(plainText(`${title}: ${neverBegunText(never)}`), 'Show Log')) log.show();
}

/** Whether the user wants to hear of an end that is `good` or not. */
function isWanted(good: boolean): boolean {
  const wanted = vscode.workspace.getConfiguration('udi').get<string>('notifications');
  return wanted === 'all' || (wanted === 'failures' && !good);
}

async function notifyStudy(study: TrackedStudy): Promise<void> {
  if (!isWanted(study.state === 'finished' || study.state === 'stopped')) return;
  const chosen = await showStudy(study);
  if (chosen) await vscode.commands.executeCommand(studyActions[chosen], study.folder);
}

function showStudy(study: TrackedStudy): Thenable<StudyAction | undefined> {
  const text = studyEndText(study);
  switch (study.state) {
    case 'failed': return vscode.window.showErrorMessage<StudyAction>(text, 'Open', 'Show Log');
    case 'new':
    case 'interrupted': return vscode.window.showWarningMessage<StudyAction>(text, 'Continue', 'Open', 'Show Log');
    case 'incomplete': return vscode.window.showWarningMessage<StudyAction>(text, 'Open', 'Show Log');
    default: return vscode.window.showInformationMessage<StudyAction>(text, 'Open');
  }
}

async function notify(run: TrackedRun): Promise<void> {
  if (!isWanted(run.state !== 'failed' && run.state !== 'interrupted')) return;
  const chosen = await show(run);
  if (chosen) await vscode.commands.executeCommand(actions[chosen], run.folder);
}

function show(run: TrackedRun): Thenable<Action | undefined> {
  switch (run.state) {
    case 'failed': return vscode.window.showErrorMessage<Action>(endText(run), 'Open', 'Open Source Config', 'Train Again', 'Show Log');
    case 'interrupted': {
      const last = oneLine(lastLogLine(run.folder), 300);
      const text = last === '' ? endText(run) : `${endText(run)} Last line of its log: ${plainText(last)}`;
      return vscode.window.showWarningMessage<Action>(text, 'Resume', 'Open', 'Show Log');
    }
    default: return vscode.window.showInformationMessage<Action>(endText(run), 'Open');
  }
}
