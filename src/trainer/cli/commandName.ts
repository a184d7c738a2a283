import { basename, relative } from 'node:path';

/** How this program was called, for hints that can be copied. */
export function commandName(): string {
  const script = process.argv[1] ?? '';
  return basename(script) === 'udi' ? 'udi' : `node ${here(script)}`;
}

/** The path as one would type it from the working directory. */
export function here(path: string): string {
  const short = relative(process.cwd(), path);
  return short !== '' && short.length < path.length ? short : path;
}
