import * as vscode from 'vscode';
import { createRunAgain } from '../../core/run/runStore.ts';
import { requireTrust } from '../trust.ts';
import type { Command } from './command.ts';
import { oneRun } from './pickRuns.ts';
import { startNewRun } from './startNewRun.ts';

/**
 * `UDI: Train Again`: a new run from the beginning with the config that is stored with a run, whatever its source file says now: the
 * same once more, after the reason of a failure is gone. The old run stays. Returns the new run's folder.
 */
export const trainAgain: Command = async (services, ...args) => {
  requireTrust(vscode.workspace.isTrusted);
  const run = await oneRun(services, args, {
    title: 'Train a run again',
    accepts: (each) => !each.isActive,
    none: 'All runs are being trained: UDI: Cancel ends one, so that it can be trained again.',
    guess: true,
  });
  return run && await startNewRun(services, createRunAgain(run.folder), vscode.ViewColumn.Active);
};
