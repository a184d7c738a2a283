import { z } from 'zod';

/**
 * A measured number (loss, score, reading), which may be no finite one. JSON has no words for these: they are written as
 * `"NaN"`, `"Infinity"` and `"-Infinity"`. A `null` in the place of such a number is how older versions wrote all three.
 */
export const measuredNumber = z.union([
  z.number(),
  z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number),
  z.null().transform(() => NaN),
]);

/** JSON (on one line, unless `space` says otherwise), with numbers that are not finite written as `measuredNumber` reads them. */
export function toJson(value: unknown, space?: number): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' && !Number.isFinite(each) ? String(each) : each), space);
}

const textOrToken = /"(?:[^"\\]|\\.)*"|-?(?:NaN|Infinity)\b/g;

/**
 * Reads JSON, also the bare `NaN`, `Infinity` and `-Infinity` that Python's `json.dumps` writes.
 * @throws SyntaxError if it is none
 */
export function fromJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const quoted = text.replace(textOrToken, (found) => (found.startsWith('"') ? found : `"${found}"`));
    if (quoted === text) throw error;
    return JSON.parse(quoted) as unknown;
  }
}
