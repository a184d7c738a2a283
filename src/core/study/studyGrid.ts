import { isNameOfSection } from '../config/configChanges.ts';
import { canonicalJson } from '../run/runKey.ts';
import type { RowDraft, TableDraft } from './studyPresets.ts';

/** A larger grid is a mistake, and checking it would keep the editor busy. */
const MAX_ROWS = 1000;

/** The table of a grid (lists of values by dotted key): one row for every combination, the last key changing fastest. */
export function gridTable(grid: Readonly<Record<string, readonly unknown[]>>): TableDraft {
  const keys = Object.keys(grid);
  const count = keys.reduce((product, key) => product * grid[key]!.length, 1);
  const table = { id: 'grid', title: 'Grid', settings: keys, notes: [] } as const;
  if (count > MAX_ROWS) {
    return { ...table, rows: [], problems: [`The grid has ${count} combinations; a study can have ${MAX_ROWS}. Make several studies of it.`] };
  }
  const names = shortNames(keys);
  const combinations = keys.reduce<number[][]>(
    (rows, key) => rows.flatMap((row) => grid[key]!.map((_, index) => [...row, index])), [[]]);
  const rows = combinations.map((indices): RowDraft => {
    const values = keys.map((key, column) => grid[key]![indices[column]!]);
    const settings = values.map(gridText);
    return {
      id: keys.map((key, column) => `${key}=${settings[column]}`).join(' '),
      label: names.map((name, column) => `${name} ${settings[column]}`).join(' · '),
      settings,
      changes: Object.fromEntries(keys.map((key, column) => [key, values[column]])),
      places: Object.fromEntries(keys.map((key, column) => [key, ['grid', key, indices[column]!]])),
    };
  });
  return { ...table, rows, problems: [] };
}

/** A value of a grid as it stands in a table; values of one key have different texts. */
export function gridText(value: unknown): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}

/** The last part of each key, or the one before where that is `name`; the whole keys where two would be the same. */
function shortNames(keys: readonly string[]): readonly string[] {
  const short = keys.map((key) => {
    const path = key.split('.');
    return path.at(isNameOfSection(path) ? -2 : -1)!;
  });
  return new Set(short).size === short.length ? short : keys;
}
