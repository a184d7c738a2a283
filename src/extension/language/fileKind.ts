import { basename } from 'node:path';

/** A kind of file that the editor helps with, known by its name. */
export interface FileKind {
  readonly id: 'udi' | 'udi-study';
  /** Glob of such files in a workspace. */
  readonly glob: string;
  /** How their names end. */
  readonly ending: RegExp;
}

/** Files that say how one run is trained. */
export const configKind: FileKind = {
  id: 'udi',
  glob: '**/*.udi.{yaml,yml,json}',
  ending: /\.udi\.(ya?ml|json)$/i,
};

/** Files that name a grid of runs. */
export const studyKind: FileKind = {
  id: 'udi-study',
  glob: '**/*.udi-study.{yaml,yml,json}',
  ending: /\.udi-study\.(ya?ml|json)$/i,
};

/** The documents that language features are for: files and new files, not what a diff shows of an older version. */
export function selectorOf({ glob }: FileKind): { scheme: string; pattern: string }[] {
  return [{ scheme: 'file', pattern: glob }, { scheme: 'untitled', pattern: glob }];
}

/** Whether a path names a file of this kind. */
export function isOfKind({ ending }: FileKind, path: string): boolean {
  return ending.test(path);
}

/** Whether a document is one that `selectorOf` selects. */
export function isDocumentOf(kind: FileKind, { uri }: { uri: { scheme: string; path: string } }): boolean {
  return (uri.scheme === 'file' || uri.scheme === 'untitled') && isOfKind(kind, uri.path);
}

/** `…/cgmnist.udi.yaml` → `cgmnist`: the name of a run or study whose file gives none; `fallback` for `.udi.yaml`. */
export function nameOf({ ending }: FileKind, path: string, fallback: string): string {
  return basename(path).replace(ending, '') || fallback;
}
