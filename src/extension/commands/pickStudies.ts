import { resolve } from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { plainText } from '../views/plainText.ts';
import type { Services } from '../services.ts';
import { studyDescription } from '../views/studyText.ts';
import { TrackedStudy } from '../follow/trackedStudy.ts';

/** Which studies a command is about and how it asks for one. */
export interface StudyQuestion {
  /** Title of the quick pick. */
  readonly title: string;
  readonly accepts: (study: TrackedStudy) => boolean;
  /** Said when there is no study to choose. */
  readonly none: string;
  /** Take the study whose panel is in front, or the only one there is, without asking. */
  readonly guess?: boolean;
}

/** The study that a command's argument names: a tree item, a folder, an id or the study's file. */
export function namedStudy({ studies }: Services, arg: unknown): TrackedStudy | undefined {
  if (arg instanceof TrackedStudy) return studies.get(arg.folder);
  if (arg instanceof vscode.Uri) return studies.list().find((study) => isFrom(study, arg));
  return typeof arg === 'string' ? studies.get(arg) : undefined;
}

/**
 * The study that a command is about: the one it was called with, else a guess, else the one the user picks; undefined if
 * the user picks none.
 * @throws UserError if there is no study that fits
 */
export async function oneStudy(
  services: Services, arg: unknown, { title, accepts, none, guess }: StudyQuestion,
): Promise<TrackedStudy | undefined> {
  if (arg !== undefined) {
    const named = namedStudy(services, arg);
    if (!named || !accepts(named)) throw new UserError(none);
    return named;
  }
  const candidates = services.studies.list().filter(accepts);
  if (candidates.length === 0) throw new UserError(none);
  const { active } = services.studyPanels;
  if (guess && active && accepts(active)) return active;
  if (guess && candidates.length === 1) return candidates[0];
  const items = candidates.map((study) => ({
    label: plainText(study.title), description: plainText(`${study.state} · ${studyDescription(study, Date.now())}`), study,
  }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.study;
}

function isFrom(study: TrackedStudy, uri: vscode.Uri): boolean {
  return study.origin !== undefined && resolve(study.origin.file) === resolve(uri.fsPath);
}
