import * as vscode from 'vscode';
import { errorText, UserError } from '../../core/errors.ts';
import { plainText } from '../views/plainText.ts';
import type { Services } from '../services.ts';
import { RestrictedModeError } from '../trust.ts';
import { cancel } from './cancel.ts';
import { clearStageCache } from './clearStageCache.ts';
import type { Command } from './command.ts';
import { compareRuns } from './compareRuns.ts';
import { continueRun } from './continue.ts';
import { createSampleConfig } from './createSampleConfig.ts';
import { deleteRun } from './deleteRun.ts';
import { doctor } from './doctor.ts';
import { emptyTrashCommand } from './emptyTrash.ts';
import type { CommandId } from './ids.ts';
import { installBackend } from './installBackend.ts';
import { openConfig } from './openConfig.ts';
import { openRun } from './openRun.ts';
import { openSource } from './openSource.ts';
import { openStudy } from './openStudy.ts';
import { pause } from './pause.ts';
import { refreshRuns } from './refreshRuns.ts';
import { renameRun } from './renameRun.ts';
import { restoreRun } from './restoreRun.ts';
import { resume } from './resume.ts';
import { revealFolder } from './revealFolder.ts';
import { runStudy } from './runStudy.ts';
import { showLog } from './showLog.ts';
import { stop } from './stop.ts';
import { stopStudy } from './stopStudy.ts';
import { train } from './train.ts';
import { trainAgain } from './trainAgain.ts';

/** Every command by its id: the compiler wants one for each, `manifest.test.ts` compares the manifest. */
const commands: Readonly<Record<CommandId, Command>> = {
  'udi.train': train,
  'udi.stop': stop,
  'udi.cancel': cancel,
  'udi.pause': pause,
  'udi.continue': continueRun,
  'udi.resume': resume,
  'udi.trainAgain': trainAgain,
  'udi.openRun': openRun,
  'udi.openConfig': openConfig,
  'udi.openSource': openSource,
  'udi.compareRuns': compareRuns,
  'udi.renameRun': renameRun,
  'udi.deleteRun': deleteRun,
  'udi.restoreRun': restoreRun,
  'udi.emptyTrash': emptyTrashCommand,
  'udi.revealFolder': revealFolder,
  'udi.showLog': showLog,
  'udi.refreshRuns': refreshRuns,
  'udi.doctor': doctor,
  'udi.installBackend': installBackend,
  'udi.createSampleConfig': createSampleConfig,
  'udi.runStudy': runStudy,
  'udi.openStudy': openStudy,
  'udi.stopStudy': stopStudy,
  'udi.clearStageCache': clearStageCache,
};

/** Registers all commands. What one throws is shown; what is no user error is logged as a defect, with its stack. */
export function registerCommands(services: Services): vscode.Disposable {
  return vscode.Disposable.from(...Object.entries(commands).map(([id, command]) =>
    vscode.commands.registerCommand(id, async (...args: unknown[]) => {
      try {
        return await command(services, ...args);
      } catch (error) {
        showError(error, services);
        return undefined;
      }
    })));
}

function showError(error: unknown, { log }: Services): void {
  const defect = !(error instanceof UserError);
  log.error(error instanceof Error && defect ? error : errorText(error));
  const text = plainText(errorText(error).replaceAll('\n', ' '));
  const button = defect ? ['Show Output'] : error instanceof RestrictedModeError ? ['Manage Workspace Trust'] : [];
  // Not awaited: a command is over when it has failed, not when somebody has read so.
  void vscode.window.showErrorMessage(text, ...button).then((chosen) => {
    if (chosen && defect) log.show();
    else if (chosen) void vscode.commands.executeCommand('workbench.trust.manage');
  });
}
