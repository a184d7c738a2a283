import type { ErrorCode, YAMLError } from 'yaml';

/** What to say: a sentence, or one made of the source at the error, with the rest of its line. */
type Words = string | ((at: { readonly found: string; readonly rest: string; readonly line: string }) => string);

const noColon: Words = ({ line }) => (/[^\s:]:[^\s/]/.test(line)
  ? 'A colon needs a space after it, e.g. "epochs: 10".'
  : 'This is no "key: value"; a colon with a space after it is missing here.');
const notClosed = 'A list [ ] or map { } that begins above is not closed, or its lines are not indented.';
const notHere: Words = ({ found }) => `${found} cannot stand here; put a text that holds it in quotes.`;

/** Kinds of one code, told apart by what the library says of them; the others get the words of their code. */
const variants: readonly (readonly [code: ErrorCode, kind: RegExp, words: Words])[] = [
  ['BAD_INDENT', /^Flow/, notClosed],
  ['MISSING_CHAR', /^Flow/, notClosed],
  ['MISSING_CHAR', /quote$/, 'A quoted text that begins above is not closed.'],
  ['MISSING_CHAR', /^Comments/, 'A comment needs a space before its #.'],
  ['MISSING_CHAR', /map values$/, noColon],
  ['MISSING_CHAR', /^Missing ,/, 'A comma is missing between the entries of a list [ ] or map { }.'],
  ['MISSING_CHAR', /^Missing space/, 'A colon needs a space after it, e.g. "epochs: 10".'],
  ['UNEXPECTED_TOKEN', /Unexpected (,|empty)/, 'A comma too many: there is no entry before it.'],
  ['UNEXPECTED_TOKEN', /block-seq-ind/, 'A list with dashes begins on a line of its own below its key.'],
  ['UNEXPECTED_TOKEN', /^Block scalar/, 'Nothing can follow | or > on its line; put a text that begins so in quotes.'],
];

/** By the codes of the library, all of them, so that a new one is not overlooked. */
const words: Readonly<Record<ErrorCode, Words>> = {
  ALIAS_PROPS: 'An alias (*name) cannot have an anchor or tag of its own.',
  BAD_ALIAS: 'An anchor (&name) or alias (*name) needs a name; put a text that begins with & or * in quotes.',
  BAD_DIRECTIVE: 'A line that begins with % is a directive, and this one is not known; put a text that begins so in quotes.',
  BAD_DQ_ESCAPE: ({ found }) => `In double quotes a backslash begins an escape, and ${found} is none. Write the text in single quotes, or \\\\ for each backslash.`,
  BAD_INDENT: 'The indentation fits no line above: the keys of one map, and the dashes of one list, begin in the same column.',
  BAD_PROP_ORDER: 'An anchor (&name) or tag (!name) stands after the colon or dash, before the value.',
  BAD_SCALAR_START: ({ found }) => `A text cannot begin with ${found}; put it in quotes.`,
  BLOCK_AS_IMPLICIT_KEY: ({ rest }) => (/:\s/.test(rest)
    ? 'Two colons on one line: put a text that holds ": " in quotes, or begin the inner map on a line of its own.'
    : 'The indentation does not fit: the line below belongs to a key that has a value already.'),
  BLOCK_IN_FLOW: 'Inside [ ] and { } entries are separated by commas, and one is missing here.',
  DUPLICATE_KEY: ({ found }) => `The key ${found} stands twice in this map; remove one.`,
  IMPOSSIBLE: 'This cannot be read as YAML.',
  KEY_OVER_1024_CHARS: 'A key cannot be longer than 1024 characters; a quote or line end is probably missing.',
  MISSING_CHAR: 'Something is missing here: a colon, a comma, a space or a closing quote.',
  MULTILINE_IMPLICIT_KEY: noColon,
  MULTIPLE_ANCHORS: 'A value can have one anchor (&name) only.',
  MULTIPLE_DOCS: 'A second document begins here (after ---), and a file holds one. Make a file of each.',
  MULTIPLE_TAGS: 'A value can have one tag (!name) only.',
  NON_STRING_KEY: 'A key must be a plain text.',
  RESOURCE_EXHAUSTION: 'The lists and maps are nested too deeply.',
  TAB_AS_INDENT: 'A tab cannot indent; use spaces.',
  TAG_RESOLVE_FAILED: ({ found }) => `The tag ${found} is not known; write the value itself, or put a text that begins with ! in quotes.`,
  UNEXPECTED_TOKEN: notHere,
  BAD_COLLECTION_TYPE: ({ found }) => `The tag ${found} does not fit the value after it.`,
};

/** What is wrong with a text, in words for people who write configs; `source` is the text that was parsed. */
export function yamlErrorText(error: YAMLError, source: string): string {
  const [start, end] = error.pos;
  const lineStart = source.lastIndexOf('\n', start - 1) + 1;
  const lineEnd = source.indexOf('\n', start) < 0 ? source.length : source.indexOf('\n', start);
  const line = source.slice(lineStart, lineEnd);
  if (/^(<{7}|={7}|>{7})/m.test(source)) return 'The text has conflict markers of a merge (<<<<<<<, =======, >>>>>>>); resolve the conflict first.';
  if (error.code === 'UNEXPECTED_TOKEN' && line.includes('${')) {
    return '${…} inside [ ] and { } needs quotes; and it is read in paths only, so write the value itself for any other key.';
  }
  const at = { found: foundText(source, error.code === 'BAD_DQ_ESCAPE' ? [start, start + 2] : [start, end]), rest: source.slice(start, lineEnd), line };
  const chosen = variants.find(([code, kind]) => code === error.code && kind.test(error.message))?.[2] ?? words[error.code];
  return typeof chosen === 'string' ? chosen : chosen(at);
}

/** What stands at the error, short and on one line. */
function foundText(source: string, [start, end]: readonly [number, number]): string {
  const word = /^[\p{L}\p{N}_.-]+/u.exec(source.slice(start))?.[0];
  const text = (word ?? source.slice(start, Math.max(end, start + 1))).split('\n')[0]!.trim();
  return text === '' ? 'this' : JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text).replaceAll('\\\\', '\\');
}
