import { readFileSync, statSync } from 'node:fs';

/** Configs have a few lines; what is larger is none and must not keep the host busy. */
const LARGEST = 1 << 20;

/**
 * Reads the file of a study's base while the study is typed, when the path may still name anything.
 * @throws an error with a `code` if there is no such file, or if it cannot be a config
 */
export function readBaseFile(path: string): string {
  const stat = statSync(path);
  if (!stat.isFile()) throw Object.assign(new Error(`${path} is no file`), { code: 'not a file' });
  if (stat.size > LARGEST) throw Object.assign(new Error(`${path} is too large`), { code: 'too large for a config' });
  return readFileSync(path, 'utf8');
}
