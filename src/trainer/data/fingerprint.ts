import { createHash } from 'node:crypto';

/** Hex SHA-256 of a description and the raw bytes of arrays, each with its length so that none blends into the next. */
export function fingerprintOf(description: unknown, arrays: readonly NodeJS.ArrayBufferView[]): string {
  const hash = createHash('sha256').update(`${JSON.stringify(description)}\n`);
  for (const array of arrays) hash.update(`${array.byteLength}\n`).update(array);
  return hash.digest('hex');
}
