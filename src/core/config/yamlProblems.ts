import { isAlias, isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Node, type YAMLError } from 'yaml';
import type { z } from 'zod';
import { unknownName, type KnownNames } from './knownNames.ts';
import { yamlErrorText } from './yamlErrors.ts';

/** One thing that is wrong with a file; lines and columns count from 1, `end` is exclusive. */
export interface ConfigProblem {
  readonly message: string;
  /** The key, e.g. `training.epochs`; empty for the whole file. */
  readonly key: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** The override (`training.epochs=0`) that is wrong, in place of anything in the file. */
  readonly override?: string;
}

/** Keys and list positions from the top of a file. */
export type Path = readonly (string | number)[];

/** Something that is wrong with a value, before its place in the text is looked up. */
export interface Finding {
  readonly message: string;
  readonly path: Path;
  /** Whether the key (rather than its value) is what is wrong. */
  readonly onKey: boolean;
}

/** The names that a schema knows, for "did you mean". */
export interface Vocabulary {
  /** Keys that may stand in the map at `path`. */
  keysAt(path: Path): KnownNames;
  /** Names that the value at `path` may be; undefined where it is no name. */
  namesAt(path: Path): KnownNames | undefined;
  /** Which form, of several that the schema allows at `path`, a value is meant to have, so that it is held against that one alone. */
  formAt?(path: Path, value: unknown): number | undefined;
}

/** A YAML or JSON text that holds a map: what it says, and where. */
export interface YamlText {
  readonly input: Readonly<Record<string, unknown>>;
  /** The finding at its place: that of its value or key, or of the nearest enclosing thing that stands in the text. */
  problem(finding: Finding): ConfigProblem;
}

/** Either a text or what keeps it from being read. */
export type ReadYaml =
  | { readonly yaml: YamlText; readonly problems: readonly [] }
  | { readonly yaml: undefined; readonly problems: readonly ConfigProblem[] };

/**
 * Reads a text that has to hold a map; `what` is the message if it holds something else. An empty text is an empty map. Keys at the top
 * that begin with `x-` or `.` are left out: they hold what is shared by anchors (`&`), aliases (`*`) and merge keys (`<<`).
 */
export function readYaml(text: string, what: string): ReadYaml {
  const lines = new LineCounter();
  const place = (start: number, end: number) => {
    const from = lines.linePos(start);
    const to = lines.linePos(Math.max(end, start + 1));
    return { line: from.line, column: from.col, endLine: to.line, endColumn: to.col };
  };
  const failed = (problems: readonly ConfigProblem[]): ReadYaml => ({ yaml: undefined, problems });
  if (text.includes('\0')) return failed([{ message: notUtf8, key: '', line: 1, column: 1, endLine: 1, endColumn: 2 }]);
  const document = parseDocument(text, { ...yamlOptions, lineCounter: lines });
  const at = (message: string, [start, end]: readonly [number, number]) => failed([{ message, key: '', ...place(start, end) }]);
  const errors = mainErrors(document);
  if (errors.length > 0) return failed(errors.map((error) => ({ message: yamlErrorText(error, text), key: '', ...place(...error.pos) })));
  if (document.contents !== null && !isMap(document.contents)) return at(what, [0, text.length]);
  const wrong = wrongNode(document);
  if (wrong) return at(wrong.message, wrong.range);
  let all: Readonly<Record<string, unknown>>;
  try {
    all = (document.toJS() ?? {}) as Readonly<Record<string, unknown>>;
    // Refuses a block that holds itself.
    JSON.stringify(all);
  } catch {
    return at('The aliases (*name) cannot be followed: a block holds itself, or there are too many of them.', [0, text.length]);
  }
  const input = Object.fromEntries(Object.entries(all).filter(([key]) => !isShared(key)));
  const problem = ({ message, path, onKey }: Finding): ConfigProblem => ({
    message: message + (onKey && path.length === 1 && hasAnchor(document, path[0]!) ? ` A block that others share has a key with "x-" before it: x-${path[0]}.` : ''),
    key: path.join('.'), ...place(...rangeOf(document, path, onKey)),
  });
  return { yaml: { input, problem }, problems: [] };
}

/** Reads one value, e.g. of a command line: what it says, or why it cannot be read exactly. A comment would be lost and is refused. */
export function readYamlValue(text: string): { readonly value: unknown; readonly message?: undefined } | { readonly message: string } {
  const document = parseDocument(text, yamlOptions);
  const [error] = mainErrors(document);
  if (error) return { message: yamlErrorText(error, text) };
  const wrong = wrongNode(document);
  if (wrong) return { message: wrong.message };
  const comments = [document.comment, document.commentBefore];
  visit(document, { Node: (_, node) => void comments.push(node.comment ?? null, 'commentBefore' in node ? node.commentBefore ?? null : null) });
  const comment = comments.find((each) => each !== null && each !== undefined);
  if (comment !== undefined) return { message: `What follows the # would be a comment (#${comment}); put a text that holds it in quotes.` };
  try {
    const value: unknown = document.toJS();
    JSON.stringify(value);
    return { value };
  } catch {
    return { message: 'Its aliases cannot be followed.' };
  }
}

/** How all our YAML is read: with merge keys, and with errors as data. */
export const yamlOptions = { merge: true, prettyErrors: false, logLevel: 'error' } as const;

const notUtf8 = 'The file is not UTF-8 text but probably UTF-16, as the > of PowerShell writes it. Save it as UTF-8: "Save with Encoding" in VS Code, '
  + 'or Set-Content -Encoding utf8 in PowerShell.';

/** Whether a key at the top is only there for others to refer to. */
function isShared(key: string): boolean {
  return key.startsWith('x-') || key.startsWith('.');
}

/** Errors to show. Keys that are there twice are said each; of the others the first, since the rest mostly follows from it. */
export function mainErrors({ errors, warnings }: Pick<Document, 'errors' | 'warnings'>): YAMLError[] {
  // A tag that is not known is only a warning of the library, which goes on without it: a value that is not what was written.
  const all = [...errors, ...warnings.filter(({ code }) => code === 'TAG_RESOLVE_FAILED')].sort((a, b) => a.pos[0] - b.pos[0]);
  const first = all.find(({ code }) => code !== 'DUPLICATE_KEY');
  return all.filter((error) => error === first || (error.code === 'DUPLICATE_KEY' && error.pos[0] <= (first?.pos[0] ?? Infinity)));
}

/** The first alias without an anchor, merge key without a map, or text that was not saved as UTF-8. */
function wrongNode(document: Document): { readonly message: string; readonly range: readonly [number, number] } | undefined {
  let found: { message: string; range: readonly [number, number] } | undefined;
  const say = (message: string, { range }: Node) => {
    found = { message, range: range ? [range[0], range[1]] : [0, 1] };
    return visit.BREAK;
  };
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) return anchors.has(node.source) ? undefined : say(`There is no anchor &${node.source} above this alias; put a text that begins with * in quotes.`, node);
      if ((isCollection(node) || isScalar(node)) && node.anchor !== undefined) anchors.add(node.anchor);
      return isScalar(node) && typeof node.value === 'string' && node.value.includes('\uFFFD')
        ? say('This holds a character that is not UTF-8. Save the file as UTF-8 ("Save with Encoding" in VS Code).', node) : undefined;
    },
    Pair: (_, { key, value }) => (isMergeKey(key) && !mergedMaps(document, value) ? say('<< takes a map, an alias of a map (*name), or a list of these.', key as Node) : undefined),
  });
  return found;
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (typeof key.value === 'symbol' || (key.value === '<<' && key.type === 'PLAIN'));
}

/** The maps whose keys a merge key adds; undefined if its value is something else. An alias without anchor is said elsewhere. */
function mergedMaps(document: Document, value: unknown): readonly unknown[] | undefined {
  const source = followed(document, value);
  if (isMap(source)) return [source];
  const each = isSeq(source) ? source.items.map((item) => followed(document, item)) : isAlias(value) && source === undefined ? [] : undefined;
  return each?.every((item) => isMap(item) || item === undefined) ? each : undefined;
}

/** The node that an alias stands for; any other node itself. */
function followed(document: Document, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function hasAnchor(document: Document, key: string | number): boolean {
  const node = isMap(document.contents) ? document.contents.get(key, true) as Node | undefined : undefined;
  return isCollection(node) && node.anchor !== undefined;
}

/** What an issue of zod says about `input`, in our words and with the nearest valid name. */
export function findingsOf(issue: z.core.$ZodIssue, input: unknown, vocabulary: Vocabulary): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const value = valueAt(input, path);
  if (issue.code === 'unrecognized_keys') {
    const { kind, known, ...more } = vocabulary.keysAt(path);
    return issue.keys.map((key) => ({ message: unknownName(kind, key, known, more), path: [...path, key], onKey: true }));
  }
  const names = vocabulary.namesAt(path);
  if (names && (issue.code === 'invalid_union' || issue.code === 'invalid_value') && (typeof value !== 'object' || value === null)) {
    const { kind, known, ...more } = names;
    const message = value === undefined ? `Missing. Known ${kind}s: ${known.join(', ')}.` : unknownName(kind, nameText(value), known, more);
    return [{ message, path, onKey: false }];
  }
  if (value === undefined) return [{ message: 'Missing; it has no default.', path, onKey: false }];
  if (issue.code === 'invalid_union') {
    const form = vocabulary.formAt?.(path, value);
    const errors = form === undefined ? issue.errors.flat() : issue.errors[form] ?? [];
    const nested = errors.filter((each) => each.path.length > 0 || each.code === 'unrecognized_keys');
    if (nested.length > 0 && typeof value === 'object') {
      return nested.flatMap((each) => findingsOf({ ...each, path: [...issue.path, ...each.path] } as z.core.$ZodIssue, input, vocabulary));
    }
    return [{ message: `${wanted(errors, value)}, not ${show(value)}.${valueHint(value)}`, path, onKey: false }];
  }
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    return [{ message: unknownName('value', value, issue.values.map(String)), path, onKey: false }];
  }
  return [{ message: `${wanted([issue], value)}, not ${show(value)}.${valueHint(value)}`, path, onKey: false }];
}

/** What stands at `path` of a value made of maps and lists; undefined if nothing does. */
export function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** A phrase for what would have been right: "Must be a number above 0", "Must be one of a, b or a map". */
function wanted(issues: readonly z.core.$ZodIssue[], value: unknown): string {
  const finite = typeof value === 'number' && !Number.isFinite(value);
  const phrases = issues.map((issue) => {
    switch (issue.code) {
      case 'invalid_type': return finite && issue.expected === 'number' ? 'a finite number' : typeNames[issue.expected] ?? `a ${issue.expected}`;
      case 'too_small': return notEmpty[issue.origin] ?? `${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`;
      case 'too_big': return `${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}${issue.origin === 'string' ? ' characters long' : ''}`;
      case 'invalid_value': return `one of ${issue.values.join(', ')}`;
      default: return issue.message;
    }
  });
  return `Must be ${[...new Set(phrases)].join(' or ')}`;
}

const typeNames: Readonly<Record<string, string>> = { int: 'a whole number', object: 'a map', record: 'a map', array: 'a list' };

/** Lists and texts have no other lower bound than this. */
const notEmpty: Readonly<Record<string, string>> = { array: 'a list that is not empty', string: 'a text that is not empty' };

function nameText(value: unknown): string {
  return typeof value === 'string' ? value : show(value);
}

/** A value as text; numbers that JSON cannot write by their names. */
function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === 'number' && !Number.isFinite(each) ? String(each) : each)) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** What somebody is told who expects every text to be filled in from variables, or a ~ alone to be the home folder. */
function valueHint(value: unknown): string {
  if (value === null) return ' YAML takes ~ alone, or nothing after the colon, for null; a text is put in quotes.';
  return typeof value === 'string' && /\$\{.+\}/.test(value) ? ' Variables are read in paths only; write the value itself, or give it with --set.' : '';
}

/** Character range of the value at `path`, of its key, or of the nearest enclosing thing that stands in the text. */
function rangeOf(document: Document, path: Path, onKey: boolean): [number, number] {
  const first = isMap(document.contents) ? (document.contents.items[0]?.key as Node | undefined) : undefined;
  let range = first?.range;
  let parent: unknown = document.contents;
  for (const [depth, part] of path.entries()) {
    const child = childOf(document, parent, part);
    if (!child) break;
    const { key, value } = child;
    const whole = depth < path.length - 1 || onKey || !value || isCollection(value);
    range = ((key && whole ? key : value) ?? key)?.range ?? range;
    parent = value;
  }
  return range ? [range[0], range[1]] : [0, 1];
}

/** An entry of a list, or a key of a map with its value; undefined if it does not stand there. */
type Child = { readonly key?: Node | undefined; readonly value: Node | null | undefined };

/** Merges of merges of ... are followed this far. */
const MAX_MERGES = 8;

/** What stands under `part` in a map, list or alias of one: its own, or that of a map that is merged into it. */
function childOf(document: Document, node: unknown, part: string | number, depth = 0): Child | undefined {
  const parent = followed(document, node);
  if (isSeq(parent)) return Number(part) in parent.items ? { value: parent.items[Number(part)] as Node } : undefined;
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && !isMergeKey(item.key) && String(item.key.value) === String(part));
  if (pair) return { key: pair.key as Node, value: pair.value as Node | null };
  if (depth === MAX_MERGES) return undefined;
  for (const { key, value } of parent.items) {
    const sources = isMergeKey(key) ? mergedMaps(document, value) ?? [] : [];
    for (const source of sources) {
      const child = childOf(document, source, part, depth + 1);
      if (child) return child;
    }
  }
  return undefined;
}
