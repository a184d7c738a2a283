import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { plainText } from '../views/plainText.ts';
import { descriptionOf } from '../views/runText.ts';
import type { Services } from '../services.ts';
import { TrackedRun } from '../follow/trackedRun.ts';

/** Which runs a command is about and how it asks for one. */
export interface RunQuestion {
  /** Title of the quick pick. */
  readonly title: string;
  readonly accepts: (run: TrackedRun) => boolean;
  /** Said when there is no run to choose. */
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
    if (!fitting) throw new UserError(question.none);
    return fitting;
  }
  await services.runs.whenLoaded();
  const candidates = services.runs.list().filter(question.accepts);
  if (candidates.length === 0) throw new UserError(question.none);
  const { active } = services.runPanels;
  if (question.guess && active && question.accepts(active)) return active;
  if (question.guess && candidates.length === 1) return candidates[0];
  const items = candidates.map(runItem);
  return (await vscode.window.showQuickPick(items, { title: question.title, matchOnDescription: true }))?.run;
}

/** A run as an entry of a quick pick. */
export function runItem(run: TrackedRun): vscode.QuickPickItem & { run: TrackedRun } {
  const description = plainText(`${run.state} · ${descriptionOf(run, Date.now())}`);
  return { label: plainText(run.title), description, run };
}
