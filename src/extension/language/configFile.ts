import { basename } from 'node:path';
import type { Catalog } from '../../core/catalog.ts';
import { parseConfig, type ParsedConfig } from '../../core/parseConfig.ts';

/** Glob of config files in a workspace. */
export const CONFIG_GLOB = '**/*.udi.{yaml,yml,json}';

/** The documents that language features are for: files and new files, not what a diff shows of an older version. */
export const configSelector = [{ scheme: 'file', pattern: CONFIG_GLOB }, { scheme: 'untitled', pattern: CONFIG_GLOB }];

/** Whether a path names a config. */
export function isConfigFile(path: string): boolean {
  return /\.udi\.(ya?ml|json)$/i.test(path);
}

/** Whether a document is one that `configSelector` selects. */
export function isConfigDocument({ uri }: { uri: { scheme: string; path: string } }): boolean {
  return (uri.scheme === 'file' || uri.scheme === 'untitled') && isConfigFile(uri.path);
}

/** `…/cgmnist.udi.yaml` → `cgmnist`: the name of a run whose config gives none. */
export function configName(path: string): string {
  return basename(path).replace(/\.udi\.(ya?ml|json)$/i, '') || 'run';
}

/** A document as the language features see it. */
export interface ConfigText {
  readonly version: number;
  readonly uri: { readonly path: string; toString(): string };
  getText(): string;
}

/** Checks configs, each version of a document once for all language features. */
export class ConfigChecker {
  readonly #known = new Map<string, { version: number; parsed: ParsedConfig }>();

  constructor(private readonly catalog: Catalog) {}

  /** The config of a document, or what is wrong with it. */
  check(document: ConfigText): ParsedConfig {
    const key = document.uri.toString();
    const known = this.#known.get(key);
    if (known?.version === document.version) return known.parsed;
    const parsed = parseConfig(document.getText(), this.catalog, { name: configName(document.uri.path) });
    this.#known.set(key, { version: document.version, parsed });
    return parsed;
  }

  /** Forgets a closed document. */
  forget(document: ConfigText): void {
    this.#known.delete(document.uri.toString());
  }
}
