import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');

function sourceFiles(folder: string): string[] {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && /\.ts$/.test(entry.name)).map((entry) => join(entry.parentPath, entry.name));
}

const files = [...sourceFiles('src'), ...sourceFiles('webview')];

/** The project's files that a file imports or re-exports, types included. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'));
  return importedFiles.map(({ fileName }) => fileName).filter((name) => name.startsWith('.'))
    .map((name) => resolve(dirname(file), name)).filter((target) => target.endsWith('.ts'));
}

/** The first circle of imports that a walk from each file finds, from a file to itself. */
function findCircle(imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of imports.get(file) ?? []) {
      const circle = walk(next, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = walk(file, []);
    if (circle) return circle;
  }
  return undefined;
}

describe('the layout', () => {
  const imports = new Map(files.map((file) => [file, importsOf(file)]));

  it('every import names a file', () => {
    expect(files.length).toBeGreaterThan(100);
    const missing = [...imports].flatMap(([file, targets]) => targets.filter((target) => !existsSync(target)).map((target) => [file, target]));
    expect(missing).toEqual([]);
  });

  it('has no circle of imports, not even of types', () => {
    expect(findCircle(new Map([['a', ['b', 'c']], ['b', []], ['c', ['d']], ['d', ['c']]]))).toEqual(['c', 'd', 'c']);
    expect(findCircle(imports)?.map((file) => relative(root, file))).toBeUndefined();
  });

  it('is what ARCHITECTURE and CONTRIBUTING say', () => {
    const known = [...files, ...sourceFiles('test')].map((file) => `/${relative(root, file).replaceAll('\\', '/')}`);
    const folders = new Set(known.flatMap((file) => [...file.matchAll(/\//g)].map(({ index }) => file.slice(0, index + 1))));
    const isThere = (path: string) => (path.endsWith('/')
      ? [...folders].some((folder) => folder.endsWith(`/${path}`))
      : known.some((file) => file.endsWith(`/${path}`)));
    for (const text of ['ARCHITECTURE.md', 'CONTRIBUTING.md']) {
      const spans = [...readFileSync(join(root, text), 'utf8').matchAll(/`([^`\s]+)`/g)].map(([, span]) => span!);
      const paths = spans.filter((span) => (/\.ts$/.test(span) || /^(core|trainer|extension|webview|src|test)\/[\w/]+\/$/.test(span)) && !/\b(mine|utils)\.ts$/.test(span));
      expect(paths.length, text).toBeGreaterThan(5);
      expect(paths.filter((path) => !isThere(path)), text).toEqual([]);
    }
  });

  it('has no source file of more than 420 lines', () => {
    const long = files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 421);
    expect(long.map((file) => relative(root, file))).toEqual([]);
  });
});
