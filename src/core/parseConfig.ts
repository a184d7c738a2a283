import { closest, distance } from 'fastest-levenshtein';
import { isCollection, isMap, isPair, isScalar, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import type { Catalog } from './catalog.ts';
import { configSchema, configShapes, epochsOf, type RunConfig } from './config.ts';
import { UserError } from './errors.ts';
import type { HParamSpecs } from './hparams.ts';

/** One thing that is wrong with a config; lines and columns count from 1, `end` is exclusive. */
export interface ConfigProblem {
  readonly message: string;
  /** The key, e.g. `training.epochs`; empty for the whole file. */
  readonly key: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** Either a complete config or at least one problem. */
export type ParsedConfig =
  | { readonly config: RunConfig; readonly problems: readonly [] }
  | { readonly config: undefined; readonly problems: readonly ConfigProblem[] };

type Path = readonly (string | number)[];

/** Options of `parseConfig`. `name` is used when the file has none; `overrides` are `key=value` texts (`--set`). */
export interface ParseOptions {
  readonly name: string;
  readonly overrides?: readonly string[];
}

/**
 * Checks the text of a `*.udi.yaml` (or JSON) file against the schema and fills in every default.
 * Never throws for bad input: what is wrong comes back with its place and, for a misspelt key or name, the nearest valid one.
 */
export function parseConfig(text: string, catalog: Catalog, options: ParseOptions): ParsedConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (start: number, end: number) => {
    const from = lines.linePos(start);
    const to = lines.linePos(Math.max(end, start + 1));
    return { line: from.line, column: from.col, endLine: to.line, endColumn: to.col };
  };
  if (document.errors.length > 0) {
    return failed(document.errors.map((error) => ({ message: error.message, key: '', ...at(error.pos[0], error.pos[1]) })));
  }
  if (document.contents !== null && !isMap(document.contents)) {
    return failed([{ message: 'A config is a map of keys such as dataset, method and training.', key: '', ...at(0, text.length) }]);
  }
  const overridden = new Set<string>();
  for (const override of options.overrides ?? []) {
    const path = applyOverride(document, override);
    overridden.add(path.join('.'));
  }
  const place = (path: Path, onKey: boolean) => at(...rangeOf(document, path, onKey));
  const input: unknown = document.toJS() ?? {};
  const named = typeof input === 'object' && input !== null && !('name' in input) ? { name: options.name, ...input } : input;

  const result = configSchema(catalog).safeParse(named);
  const findings = result.success
    ? crossChecks(result.data as unknown as RunConfig, catalog)
    : result.error.issues.flatMap((issue) => findingsOf(issue, named, catalog));
  if (result.success && findings.length === 0) return { config: result.data as unknown as RunConfig, problems: [] };
  return failed(findings.map(({ message, path, onKey }) => {
    const key = path.join('.');
    const set = [...overridden].find((each) => key === each || key.startsWith(`${each}.`));
    return { message: set ? `${message} (from --set ${set})` : message, key, ...place(path, onKey) };
  }));
}

/** `parseConfig` for callers that cannot go on: throws a `UserError` that lists `file:line:column` of every problem. */
export function requireConfig(text: string, catalog: Catalog, file: string, options: ParseOptions): RunConfig {
  const { config, problems } = parseConfig(text, catalog, options);
  if (config) return config;
  const list = problems.map((problem) =>
    `${file}:${problem.line}:${problem.column}: ${problem.key ? `${problem.key}: ` : ''}${problem.message}`);
  throw new UserError(list.join('\n'), 'Mend the config and start again.');
}

interface Finding {
  readonly message: string;
  readonly path: Path;
  /** Whether the key (rather than its value) is what is wrong. */
  readonly onKey: boolean;
}

function failed(problems: readonly ConfigProblem[]): ParsedConfig {
  return { config: undefined, problems };
}

function findingsOf(issue: z.core.$ZodIssue, input: unknown, catalog: Catalog): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const value = valueAt(input, path);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path, input, catalog);
    return issue.keys.map((key) => ({ message: unknownName('key', key, known), path: [...path, key], onKey: true }));
  }
  if (issue.code === 'invalid_union') {
    const kind = path.at(-1) === 'name' ? path.at(-2) : undefined;
    if (kind === 'dataset' || kind === 'method') {
      const known = (kind === 'dataset' ? catalog.datasets : catalog.methods).map((entry) => entry.id);
      return [{ message: value === undefined ? `Missing. Known ${kind}s: ${known.join(', ')}.` : unknownName(kind, String(value), known), path, onKey: false }];
    }
    if (kind === 'schedule') return [{ message: unknownName('schedule', String(value), ['constant', 'step']), path, onKey: false }];
    const nested = issue.errors.flat().filter((each) => each.path.length > 0 || each.code === 'unrecognized_keys');
    if (nested.length > 0 && typeof value === 'object') {
      return nested.flatMap((each) => findingsOf({ ...each, path: [...issue.path, ...each.path] } as z.core.$ZodIssue, input, catalog));
    }
    return [{ message: `${wanted(issue.errors.flat())}, not ${show(value)}.`, path, onKey: false }];
  }
  if (value === undefined) return [{ message: 'Missing; it has no default.', path, onKey: false }];
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    return [{ message: unknownName('value', value, issue.values.map(String)), path, onKey: false }];
  }
  return [{ message: `${wanted([issue])}, not ${show(value)}.`, path, onKey: false }];
}

/** A phrase for what would have been right: "Must be a number above 0", "Must be one of a, b or a map". */
function wanted(issues: readonly z.core.$ZodIssue[]): string {
  const phrases = issues.map((issue) => {
    switch (issue.code) {
      case 'invalid_type': return issue.expected === 'int' ? 'a whole number' : issue.expected === 'object' || issue.expected === 'record' ? 'a map' : `a ${issue.expected}`;
      case 'too_small': return `${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`;
      case 'too_big': return `${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`;
      case 'invalid_value': return `one of ${issue.values.join(', ')}`;
      default: return issue.message;
    }
  });
  return `Must be ${[...new Set(phrases)].join(' or ')}`;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function unknownName(kind: string, name: string, known: readonly string[]): string {
  const nearest = known.length > 0 ? closest(name, known) : '';
  const near = nearest !== '' && distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, Math.floor(nearest.length / 2));
  return `Unknown ${kind} "${name}".${near ? ` Did you mean "${nearest}"?` : ''} Known: ${known.join(', ')}.`;
}

function knownKeys(path: Path, input: unknown, catalog: Catalog): string[] {
  const shapes = configShapes(catalog);
  const [section, key] = path;
  const name = valueAt(input, [section ?? '', 'name']);
  const specs: HParamSpecs = (section === 'dataset' ? catalog.datasets.find((each) => each.id === name)?.settings
    : catalog.methods.find((each) => each.id === name)?.hparams) ?? {};
  if (section === undefined) return Object.keys(shapes.top);
  if (section === 'model') return Object.keys(shapes.model);
  if (section === 'training') {
    if (key === 'schedule') return valueAt(input, ['training', 'schedule', 'name']) === 'step' ? ['name', 'every', 'factor'] : ['name'];
    return key === 'earlyStopping' ? ['patience'] : Object.keys(shapes.training);
  }
  const spec = specs[String(key)];
  if (spec && 'numbers' in spec) return Object.keys(spec.numbers);
  return ['name', ...Object.keys(specs)];
}

/** Rules that join several keys: stages that get epochs, modalities that exist. */
function crossChecks(config: RunConfig, catalog: Catalog): Finding[] {
  const findings: Finding[] = [];
  const method = catalog.methods.find((each) => each.id === config.method.name)!;
  const modalities = catalog.datasets.find((each) => each.id === config.dataset.name)?.modalities;
  const { epochs } = config.training;
  if (typeof epochs === 'object') {
    for (const key of Object.keys(epochs)) {
      const [kind, modality] = key.split(':');
      if (key !== 'default' && !method.stages.includes(kind!)) {
        findings.push({ message: unknownName('stage', key, ['default', ...method.stages]), path: ['training', 'epochs', key], onKey: true });
      } else if (modality !== undefined && modalities && !modalities.includes(modality)) {
        findings.push({ message: unknownName('modality', modality, modalities), path: ['training', 'epochs', key], onKey: true });
      }
    }
    for (const stage of method.stages) {
      const covered = epochsOf(stage, epochs) !== undefined
        || (modalities?.every((modality) => epochsOf(`${stage}:${modality}`, epochs) !== undefined) ?? true);
      if (!covered) findings.push({ message: `No epochs for the stage "${stage}"; add it or "default".`, path: ['training', 'epochs'], onKey: false });
    }
  }
  if (modalities) {
    for (const [key, spec] of Object.entries(method.hparams)) {
      const value = config.method[key];
      const known = spec.type === 'modality' ? [...spec.choices, ...modalities] : [];
      if (spec.type === 'modality' && !known.includes(String(value))) {
        findings.push({ message: unknownName('modality', String(value), known), path: ['method', key], onKey: false });
      }
    }
    const { encoder } = config.model;
    for (const key of typeof encoder === 'object' ? Object.keys(encoder) : []) {
      if (!modalities.includes(key)) findings.push({ message: unknownName('modality', key, modalities), path: ['model', 'encoder', key], onKey: true });
    }
  }
  return findings;
}

/** Writes `key.path=value` (value in YAML) into the document and returns the path. */
function applyOverride(document: Document, text: string): string[] {
  const split = text.indexOf('=');
  if (split <= 0) throw new UserError(`--set "${text}" is not of the form key=value.`, 'Example: --set training.epochs=5');
  const path = text.slice(0, split).split('.');
  const value: unknown = parseDocument(text.slice(split + 1)).toJS();
  if (document.contents === null) document.contents = document.createNode({}) as never;
  for (let depth = 1; depth < path.length; depth++) {
    if (!isMap(document.getIn(path.slice(0, depth)))) document.setIn(path.slice(0, depth), document.createNode({}));
  }
  document.setIn(path, value);
  return path;
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** Character range of the value at `path`, of its key, or of the nearest enclosing thing that stands in the file. */
function rangeOf(document: Document, path: Path, onKey: boolean): [number, number] {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    if (!isMap(parent)) continue;
    const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(path[length - 1]));
    if (!pair) continue;
    const value = pair.value as Node | null;
    const node = onKey || length < path.length || !value || isCollection(value) ? (pair.key as Node) : value;
    if (node.range) return [node.range[0], node.range[1]];
  }
  const first = isMap(document.contents) ? (document.contents.items[0]?.key as Node | undefined) : undefined;
  return first?.range ? [first.range[0], first.range[1]] : [0, 1];
}
