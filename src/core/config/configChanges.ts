import { valueAt } from './yamlProblems.ts';

/** New values by dotted key, e.g. `training.epochs` or `method.alpha`. */
export type Changes = Readonly<Record<string, unknown>>;

/**
 * The config (checked or not) with the values of `changes` in place of its own; the input stays as it is. Outer keys go first. Where a
 * `name` below the top becomes another one (`method.name`, `dataset.name`, `training.schedule.name`), the settings beside it go:
 * they are those of what was named before.
 */
export function applyChanges(config: unknown, changes: Changes): unknown {
  const entries = Object.entries(changes).map(([key, value]) => ({ path: key.split('.'), value }));
  return entries
    .sort((a, b) => rankOf(a.path) - rankOf(b.path))
    .reduce((changed, { path, value }) => {
      if (!isNameOfSection(path)) return withValue(changed, path, value);
      return valueAt(changed, path) === value ? changed : withValue(changed, path.slice(0, -1), { name: value });
    }, config);
}

/** Whether a key is the `name` that decides which other keys stand beside it. */
export function isNameOfSection(path: readonly string[]): boolean {
  return path.length > 1 && path.at(-1) === 'name';
}

/** Outer before inner, and a name before the settings that depend on it but after the section as a whole. */
function rankOf(path: readonly string[]): number {
  return isNameOfSection(path) ? path.length - 0.5 : path.length;
}

function withValue(input: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  const map = typeof input === 'object' && input !== null && !Array.isArray(input) ? input as Record<string, unknown> : {};
  return { ...map, [key]: withValue(Object.hasOwn(map, key) ? map[key] : undefined, rest, value) };
}
