/** Where the cursor is in a YAML text, and what stands there. */
export interface Cursor {
  /** Keys of the maps around the cursor, outermost first. */
  readonly path: readonly string[];
  /** The key whose value, or an entry of whose list, is being typed; undefined where a key is being typed. */
  readonly valueOf: string | undefined;
  /** Keys and plain values that stand beside the cursor in the same braces, e.g. `name: udi`. */
  readonly inline: ReadonlyMap<string, string>;
  /** Whether the cursor is inside braces, where entries are separated by commas. */
  readonly inBraces: boolean;
}

const KEY = /^(\s*)(?:"([^"]+)"|'([^']+)'|([\w:.-]+?))\s*:(?:\s+(.*))?$/;

/**
 * Reads the place of the cursor from the lines above it and from the line itself. Text that is being typed is seldom
 * valid YAML, so this goes by indentation and braces, as the eye does. Undefined inside a comment
 * and where no map can be.
 */
export function cursorAt(lines: readonly string[], line: number, column: number): Cursor | undefined {
  const before = (lines[line] ?? '').slice(0, column);
  if (/(^|\s)#/.test(before)) return undefined;
  const indent = before.length - before.trimStart().length;
  const [, entry] = /^\s*-\s(.*)$/.exec(before) ?? [];
  // The dash of an entry may stand right below the key of its list.
  const outer = pathAbove(lines, line, entry === undefined ? indent : indent + 1);
  if (!outer || entry === undefined) return outer && readLine(withoutListCommas(before.trimStart()), outer);
  if (/[:{[]/.test(entry)) return undefined;
  return { path: outer.slice(0, -1), valueOf: outer.at(-1), inline: new Map(), inBraces: false };
}

/** Entries of a list that is written in brackets are values of one key; only commas in braces lead to another key. */
function withoutListCommas(text: string): string {
  return text.replace(/\[[^[\]{}]*/g, (list) => list.replaceAll(',', ' '));
}

/** Keys above `line` that are indented less than `indent`, each less than the next. */
function pathAbove(lines: readonly string[], line: number, indent: number): string[] | undefined {
  const path: string[] = [];
  let limit = indent;
  for (let index = line - 1; index >= 0 && limit > 0; index--) {
    const [, blanks, double, single, bare, value] = KEY.exec((lines[index] ?? '').replace(/(^|\s)#.*$/, '')) ?? [];
    const key = double ?? single ?? bare;
    if (blanks === undefined || key === undefined || blanks.length >= limit) continue;
    if (value) return undefined;
    path.unshift(key);
    limit = blanks.length;
  }
  return path;
}

/** Follows the braces of the line up to the cursor. */
function readLine(text: string, outer: readonly string[]): Cursor {
  const path = [...outer];
  let inline = new Map<string, string>();
  let rest = text;
  let inBraces = false;
  for (;;) {
    const open = rest.indexOf('{');
    const close = rest.indexOf('}');
    const comma = inBraces ? rest.indexOf(',') : -1;
    const next = Math.min(...[open, close, comma].filter((index) => index >= 0));
    if (!Number.isFinite(next)) break;
    const { key, value } = entryOf(rest.slice(0, next));
    if (next === open) {
      if (key !== undefined) path.push(key);
      inline = new Map();
      inBraces = true;
    } else {
      if (key !== undefined && value !== '') inline.set(key, value);
      if (next === close) {
        path.pop();
        inline = new Map();
        inBraces = path.length > outer.length;
      }
    }
    rest = rest.slice(next + 1);
  }
  return { path, valueOf: entryOf(rest).key, inline, inBraces };
}

function entryOf(text: string): { key: string | undefined; value: string } {
  const [, key, value] = /^\s*["']?([^"'{},]+?)["']?\s*:(?:\s+(.*))?$/.exec(text) ?? [];
  return { key, value: value?.trim() ?? '' };
}
