import { createHash } from 'node:crypto';

/** What identifies the samples of a dataset. */
export interface Fingerprint {
  /** Hex SHA-256 of everything below. */
  readonly fingerprint: string;
  /** Hashes (12 hex digits) of what a dataset consists of, by the words that an error uses: `class list`, `samples`. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Hex SHA-256 of a description and the raw bytes of arrays, each with its length so that none blends into the next. */
export function fingerprintOf(description: unknown, arrays: readonly NodeJS.ArrayBufferView[] = []): string {
  const hash = createHash('sha256').update(`${JSON.stringify(description)}\n`);
  for (const array of arrays) hash.update(`${array.byteLength}\n`).update(array);
  return hash.digest('hex');
}

/** The part of a fingerprint that says whether one thing is the same. */
export function fingerprintPart(description: unknown, arrays: readonly NodeJS.ArrayBufferView[] = []): string {
  return fingerprintOf(description, arrays).slice(0, 12);
}

/** Names of the parts that differ between two fingerprints, those included that only one of them has. */
export function differingParts(before: Fingerprint['parts'], now: Fingerprint['parts']): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].filter((part) => before[part] !== now[part]);
}
