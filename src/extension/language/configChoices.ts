import { parseDocument } from 'yaml';
import { yamlOptions } from '../../core/config/yamlProblems.ts';
import type { Choices } from './schemaHelp.ts';

/** The names of dataset and method in a text that may be half typed, and the keys that stand in each map. */
export interface ConfigOutline {
  readonly choices: Choices;
  keysAt(path: readonly string[]): string[];
}

/** What `outlineOf` reads. */
export interface OutlineOptions {
  /** Keys above the config that makes the choices; none if the file is one. */
  readonly root?: readonly string[];
  /** A line to leave out, counted from 0. */
  readonly without?: number;
}

/** Reads what can be read of a config or study while it is being edited. */
export function outlineOf(text: string, { root: above = [], without }: OutlineOptions = {}): ConfigOutline {
  const lines = text.split('\n').map((line, index) => (index === without ? '' : line));
  // Half typed text has errors; what was understood is there all the same.
  const document = parseDocument(lines.join('\n'), { ...yamlOptions, logLevel: 'silent' });
  let root: unknown;
  try {
    root = document.toJS();
  } catch {
    root = undefined;
  }
  const nameAt = (path: readonly string[]) => {
    const name = valueAt(root, [...above, ...path, 'name']);
    return typeof name === 'string' ? name : undefined;
  };
  return {
    choices: { dataset: nameAt(['dataset']), method: nameAt(['method']), encoder: nameAt },
    keysAt: (path) => {
      const map = valueAt(root, path);
      return typeof map === 'object' && map !== null ? Object.keys(map) : [];
    },
  };
}

function valueAt(root: unknown, path: readonly string[]): unknown {
  let value = root;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
