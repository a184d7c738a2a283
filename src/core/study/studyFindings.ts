import { isNameOfSection } from '../config/configChanges.ts';
import type { Finding, Path } from '../config/yamlProblems.ts';

/** A finding in a study file, and the row whose config it is about if it is about one, e.g. `alpha "α dynamic"`. */
export type RowFinding = Finding & { readonly row?: string };

/** Where changes by dotted key stand, if they stand in the map at `at`. */
export function placesOf(changes: Readonly<Record<string, unknown>>, at: Path): Record<string, Path> {
  return Object.fromEntries(Object.keys(changes).map((key) => [key, [...at, key]]));
}

/**
 * A finding about a config, at the change that caused it: one of the value itself or of a map around it, else of a part of it,
 * else of the name that its section depends on. `layers` hold the places of changes by dotted key; the first has the last word.
 * Undefined if no change did.
 */
export function locate(finding: Finding, layers: readonly Readonly<Record<string, Path>>[]): Finding | undefined {
  const key = finding.path.join('.');
  const places = layers.flatMap((layer) => Object.entries(layer));
  const whole = places.find(([changed]) => key === changed || key.startsWith(`${changed}.`));
  if (whole) {
    const rest = finding.path.slice(whole[0].split('.').length);
    return { ...finding, path: [...(rest.length > 0 ? whole[1] : placeOf(finding, whole[1])), ...rest] };
  }
  const near = places.find(([changed]) => changed.startsWith(`${key}.`))
    ?? places.find(([changed]) => isNameOfSection(changed.split('.')) && key.startsWith(changed.slice(0, -'name'.length)));
  return near && elsewhere(finding, placeOf(finding, near[1]));
}

/** The key of a list of values instead of one of them, where it is the key that is wrong. */
function placeOf({ onKey }: Finding, place: Path): Path {
  return onKey && typeof place.at(-1) === 'number' ? place.slice(0, -1) : place;
}

/** A finding about a config at a place that does not say by itself which key it is about. */
export function elsewhere({ message, path, onKey }: Finding, at: Path): Finding {
  return { message: path.length > 0 ? `${path.join('.')}: ${message}` : message, path: at, onKey };
}

/** Findings that say the same of the same place become one, whose message names their rows. */
export function joinRows(findings: readonly RowFinding[]): Finding[] {
  const groups = new Map<string, RowFinding[]>();
  for (const finding of findings) {
    const id = JSON.stringify([finding.path, finding.message]);
    groups.set(id, [...groups.get(id) ?? [], finding]);
  }
  return [...groups.values()].map((group) => {
    const { message, path, onKey } = group[0]!;
    const rows = group.flatMap(({ row }) => row ?? []);
    // What is wrong whatever the row needs no row to be understood.
    return { message: rows.length < group.length ? message : `${message} (in ${listed(rows)})`, path, onKey };
  });
}

function listed(rows: readonly string[]): string {
  return rows.length > 4 ? `${rows.slice(0, 3).join(', ')} and ${rows.length - 3} more` : rows.join(', ');
}
