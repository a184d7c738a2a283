import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { plainText } from '../views/plainText.ts';
import { descriptionOf } from '../views/runText.ts';
import type { Services } from '../services.ts';
import { TrackedRun } from '../follow/trackedRun.ts';
import { chooseRuns, type RunItem } from './growingPick.ts';

/** Which runs a command is about and how it asks for one. */
export interface RunQuestion {
  /** Title of the quick pick. */
  readonly title: string;
  readonly accepts: (run: TrackedRun) => boolean;
  /** Said when there is no run to choose, with what to do next. */
  readonly none: string;
  /** Take the run whose panel is in front, or the only one there is, without asking. */
  readonly guess?: boolean;
}

/** The runs that a command's arguments name: tree items, a selection, folders or ids. */
export function namedRuns({ runs }: Services, args: readonly unknown[]): TrackedRun[] {
  const names = args.flat().map((arg) => (arg instanceof TrackedRun ? arg.folder : arg));
  const found = names.map((name) => (typeof name === 'string' ? runs.get(name) : undefined));
  return [...new Set(found.filter((run) => run !== undefined))];
}

/**
 * The run that a command is about: the one it was called with, else a guess, else the one the user picks; undefined if
 * the user picks none.
 * @throws UserError if there is no run that fits
 */
export async function oneRun(
  services: Services, args: readonly unknown[], question: RunQuestion,
): Promise<TrackedRun | undefined> {
  const named = namedRuns(services, args);
  if (named.length > 0 || args.some((arg) => typeof arg === 'string')) {
    const fitting = named.find(question.accepts);
    if (!fitting) throw new UserError(named.length === 0 ? 'There is no such run: UDI: Refresh Runs looks for runs again.' : question.none);
    return fitting;
  }
  const { active } = services.runPanels;
  if (question.guess && active && question.accepts(active)) return active;
  const chosen = await chooseRuns({
    ...question, runs: services.runs, itemOf: runItem, createPicker: () => createRunPicker(question.title),
  });
  return chosen?.[0];
}

/** A quick pick of runs, not shown yet. */
export function createRunPicker(title: string): vscode.QuickPick<RunItem> {
  return Object.assign(vscode.window.createQuickPick<RunItem>(), { title, matchOnDescription: true });
}

/** A run as an entry of a quick pick. */
export function runItem(run: TrackedRun): RunItem {
  const description = plainText(`${run.state} · ${descriptionOf(run, Date.now())}`);
  return { label: plainText(run.title), description, run };
}
