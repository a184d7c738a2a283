import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

/** An installed package that is not part of ours. */
export interface OptionalPackage {
  readonly version: string;
  /** Path of its main file. */
  readonly path: string;
  /** Runs it. Its own copy of tfjs-core would warn that everything is registered already; that is kept quiet. */
  load(): unknown;
}

/** The first of `folders` whose node_modules holds the package, or undefined. Nothing of the package is run. */
export function findOptionalPackage(name: string, folders: readonly string[]): OptionalPackage | undefined {
  for (const folder of folders) {
    const require = createRequire(join(folder, 'package.json'));
    for (const modules of require.resolve.paths(name) ?? []) {
      try {
        const { version } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as {
          version: string;
        };
        return { version, path: require.resolve(name), load: () => quietly(() => require(name)) };
      } catch {
        // Not here; the next folder may have it.
      }
    }
  }
  return undefined;
}

/** Runs `load` with tfjs' warnings switched off. */
function quietly(load: () => unknown): unknown {
  const before = tf.env().getBool('PROD');
  tf.env().set('PROD', true);
  try {
    return load();
  } finally {
    tf.env().set('PROD', before);
  }
}
