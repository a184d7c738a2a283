import { closest, distance } from 'fastest-levenshtein';
import { isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node } from 'yaml';
import type { z } from 'zod';

/** One thing that is wrong with a file; lines and columns count from 1, `end` is exclusive. */
export interface ConfigProblem {
  readonly message: string;
  /** The key, e.g. `training.epochs`; empty for the whole file. */
  readonly key: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
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

/** Names that may stand at one place, and what they are names of. */
export interface KnownNames {
  readonly kind: string;
  readonly known: readonly string[];
}

/** The names that a schema knows, for "did you mean". */
export interface Vocabulary {
  /** Keys that may stand in the map at `path`. */
  keysAt(path: Path): KnownNames;
  /** Names that the value at `path` may be; undefined where it is no name. */
  namesAt(path: Path): KnownNames | undefined;
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

/** Reads a text that has to hold a map; `what` is the message if it holds something else. An empty text is an empty map. */
export function readYaml(text: string, what: string): ReadYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const place = (start: number, end: number) => {
    const from = lines.linePos(start);
    const to = lines.linePos(Math.max(end, start + 1));
    return { line: from.line, column: from.col, endLine: to.line, endColumn: to.col };
  };
  const failed = (problems: readonly ConfigProblem[]): ReadYaml => ({ yaml: undefined, problems });
  const whole = (message: string) => failed([{ message, key: '', ...place(0, text.length) }]);
  if (document.errors.length > 0) {
    return failed(document.errors.map((error) => ({ message: error.message, key: '', ...place(error.pos[0], error.pos[1]) })));
  }
  if (document.contents !== null && !isMap(document.contents)) return whole(what);
  let input: Readonly<Record<string, unknown>>;
  try {
    input = (document.toJS() ?? {}) as Readonly<Record<string, unknown>>;
  } catch (error) {
    // An alias without its anchor, or aliases of aliases that would fill the memory.
    return whole(error instanceof Error ? error.message : String(error));
  }
  const problem = ({ message, path, onKey }: Finding): ConfigProblem =>
    ({ message, key: path.join('.'), ...place(...rangeOf(document, path, onKey)) });
  return { yaml: { input, problem }, problems: [] };
}

/** What an issue of zod says about `input`, in our words and with the nearest valid name. */
export function findingsOf(issue: z.core.$ZodIssue, input: unknown, vocabulary: Vocabulary): Finding[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const value = valueAt(input, path);
  if (issue.code === 'unrecognized_keys') {
    const { kind, known } = vocabulary.keysAt(path);
    return issue.keys.map((key) => ({ message: unknownName(kind, key, known), path: [...path, key], onKey: true }));
  }
  const names = vocabulary.namesAt(path);
  if (names && (issue.code === 'invalid_union' || issue.code === 'invalid_value')) {
    const { kind, known } = names;
    const message = value === undefined ? `Missing. Known ${kind}s: ${known.join(', ')}.` : unknownName(kind, nameText(value), known);
    return [{ message, path, onKey: false }];
  }
  if (value === undefined) return [{ message: 'Missing; it has no default.', path, onKey: false }];
  if (issue.code === 'invalid_union') {
    const nested = issue.errors.flat().filter((each) => each.path.length > 0 || each.code === 'unrecognized_keys');
    if (nested.length > 0 && typeof value === 'object') {
      return nested.flatMap((each) => findingsOf({ ...each, path: [...issue.path, ...each.path] } as z.core.$ZodIssue, input, vocabulary));
    }
    return [{ message: `${wanted(issue.errors.flat())}, not ${show(value)}.`, path, onKey: false }];
  }
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    return [{ message: unknownName('value', value, issue.values.map(String)), path, onKey: false }];
  }
  return [{ message: `${wanted([issue])}, not ${show(value)}.`, path, onKey: false }];
}

/** `Unknown method "uid". Did you mean "udi"? Known: sum, udi.` */
export function unknownName(kind: string, name: string, known: readonly string[]): string {
  const nearest = known.length > 0 ? closest(name, known) : '';
  const near = nearest !== '' && distance(name.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, Math.floor(nearest.length / 2));
  return `Unknown ${kind} "${name}".${near ? ` Did you mean "${nearest}"?` : ''} Known: ${known.join(', ')}.`;
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
function wanted(issues: readonly z.core.$ZodIssue[]): string {
  const phrases = issues.map((issue) => {
    switch (issue.code) {
      case 'invalid_type': return typeNames[issue.expected] ?? `a ${issue.expected}`;
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

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Character range of the value at `path`, of its key, or of the nearest enclosing thing that stands in the text. */
function rangeOf(document: Document, path: Path, onKey: boolean): [number, number] {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const last = path[length - 1]!;
    const node = isMap(parent) ? nodeInMap(parent.items, last, onKey || length < path.length)
      : isSeq(parent) ? parent.items[Number(last)] as Node | undefined : undefined;
    if (node?.range) return [node.range[0], node.range[1]];
  }
  const first = isMap(document.contents) ? (document.contents.items[0]?.key as Node | undefined) : undefined;
  return first?.range ? [first.range[0], first.range[1]] : [0, 1];
}

/** The value of a key, or the key itself where the value is a map, a list or nothing. */
function nodeInMap(items: readonly unknown[], name: string | number, onKey: boolean): Node | undefined {
  const pair = items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(name));
  if (!isPair(pair)) return undefined;
  const value = pair.value as Node | null;
  return onKey || !value || isCollection(value) ? pair.key as Node : value;
}
