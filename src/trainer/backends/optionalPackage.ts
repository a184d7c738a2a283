import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** An installed package that is not part of ours. */
export interface OptionalPackage {
  readonly version: string;
  /** `require` of the folder where it was found. */
  readonly require: NodeJS.Require;
}

/** The first of `folders` whose node_modules holds the package, or undefined. Nothing of the package is run. */
export function findOptionalPackage(name: string, folders: readonly string[]): OptionalPackage | undefined {
  for (const folder of folders) {
    const require = createRequire(join(folder, 'package.json'));
    for (const modules of require.resolve.paths(name) ?? []) {
      try {
        const { version } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as { version: string };
        return { version, require };
      } catch {
        // Not here; the next folder may have it.
      }
    }
  }
  return undefined;
}
