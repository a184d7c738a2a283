import { createHash } from 'node:crypto';

/** Bytes (UTF-8) and characters of a slug; a file name may have 255 bytes, on some disks 143, and a run's has a date and more beside it. */
const MOST_BYTES = 80;
const MOST_CHARACTERS = 40;

/**
 * A name as part of a file name: the letters and digits of every script (NFC, small), joined by dashes, cut to what file names
 * have room for; `otherwise` if nothing of it is left.
 */
export function slugOf(name: string, otherwise: string): string {
  return cut(wordsOf(name).join('-')) || otherwise;
}

/** A slug for names that must not fall together: with a short hash of the name where more than blanks was left out, or something cut off. */
export function distinctSlug(name: string, otherwise: string): string {
  const whole = wordsOf(name).join('-');
  const lost = slugOf(name, otherwise) !== whole || /[^\p{L}\p{M}\p{N}\s._-]/u.test(name);
  return lost ? hashedSlug(name, otherwise) : whole;
}

/** The slug with the hash, whether or not something is lost: for a name whose slug is taken by another one. */
export function hashedSlug(name: string, otherwise: string): string {
  return `${slugOf(name, otherwise)}-${createHash('sha256').update(name.normalize('NFC')).digest('hex').slice(0, 8)}`;
}

function wordsOf(name: string): string[] {
  return name.normalize('NFC').toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

function cut(slug: string): string {
  let text = '';
  for (const character of [...slug].slice(0, MOST_CHARACTERS)) {
    if (Buffer.byteLength(text + character) > MOST_BYTES) break;
    text += character;
  }
  return text.replace(/-+$/, '');
}
