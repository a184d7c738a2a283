import { parseDocument } from 'yaml';
import type { Choices } from './configSchema.ts';

/** The names of dataset and method in a text that may be half typed, and the keys that stand in each map. */
export interface ConfigOutline {
  readonly choices: Choices;
  keysAt(path: readonly string[]): string[];
}

/** Reads what can be read of a config while it is being edited; `without` is a line to leave out, counted from 0. */
export function outlineOf(text: string, without?: number): ConfigOutline {
  const lines = text.split('\n').map((line, index) => (index === without ? '' : line));
  // Half typed text has errors; what was understood is there all the same.
  const document = parseDocument(lines.join('\n'), { prettyErrors: false, logLevel: 'silent' });
  let root: unknown;
  try {
    root = document.toJS();
  } catch {
    root = undefined;
  }
  const nameOf = (section: string) => {
    const name = valueAt(root, [section, 'name']);
    return typeof name === 'string' ? name : undefined;
  };
  return {
    choices: { dataset: nameOf('dataset'), method: nameOf('method') },
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
