import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { distance } from 'fastest-levenshtein';
import { UserError } from '../../core/errors.ts';

/** The content of an idx file of unsigned bytes, row major. */
export interface IdxArray {
  /** The file that was read (absolute, with `.gz` if it has that). */
  readonly file: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** What is to be read. */
export interface IdxRequest {
  readonly folder: string;
  /** Name without `.gz`, e.g. `t10k-images-idx3-ubyte`; it is also found under the other names that downloads give it. */
  readonly name: string;
  /** Length of every dimension; undefined where any length above 0 will do. */
  readonly shape: readonly (number | undefined)[];
  /** One sentence for the hint of every error: where right files come from. */
  readonly mend: string;
}

const typeNames: Readonly<Record<number, string>> = {
  0x08: 'unsigned byte', 0x09: 'signed byte', 0x0b: 'int16', 0x0c: 'int32', 0x0d: 'float32', 0x0e: 'float64',
};

/** Folders below the given one that are searched after it: where torchvision keeps MNIST. */
const innerFolders = ['raw', path.join('MNIST', 'raw')];

/** Some downloads are packed once more than their name says. */
const MAX_GZIP_LAYERS = 2;

/**
 * Reads an idx file of unsigned bytes and checks all that its header promises. Of several files that may be meant (plain and packed,
 * with a dot in place of a dash, in a folder of the same name, ...) the first sound one is taken.
 * @throws UserError about the first of them if none is sound, or if there is none
 */
export async function readIdx(request: IdxRequest): Promise<IdxArray> {
  const { folder, name, mend } = request;
  const entries = await listFolder(folder, request);
  const matching = matcherOf(name);
  const files = await filesIn(folder, entries, matching);
  for (const inner of innerFolders.map((each) => path.join(folder, each))) {
    files.push(...await filesIn(inner, await readdir(inner, { withFileTypes: true }).catch(() => []), matching));
  }
  let first: unknown;
  for (const file of files) {
    try {
      return parseIdx(file, await decompress(file, await readBytes(file, mend), mend), request);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      first ??= error;
    }
  }
  throw first ?? missing(request, entries);
}

async function listFolder(folder: string, { name, mend }: IdxRequest): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UserError(`The folder ${folder} does not exist; expected one that holds ${name}.gz.`, mend);
    if (code === 'ENOTDIR') throw new UserError(`${folder} is not a folder; expected one that holds ${name}.`, mend);
    throw new UserError(`${folder} cannot be read: ${message}.`, `Check its permissions. ${mend}`);
  }
}

/** How well the name of an entry fits: 0 for the very name, 1 for another one that means the same; undefined if it does not. */
type Matcher = (entry: string) => number | undefined;

/** Takes `-`, `_` and `.` for one another, `test` for `t10k`, and capital letters for small ones. */
function matcherOf(name: string): Matcher {
  const pattern = name.replace(/^t10k/, '(?:t10k|test)').replaceAll('-', '[-_.]');
  const alike = new RegExp(`^${pattern}(?:\\.gz)?$`, 'i');
  return (entry) => (entry === name || entry === `${name}.gz` ? 0 : alike.test(entry) ? 1 : undefined);
}

/** The files of a folder that may be meant, the best first; those of a folder with such a name stand in its place. */
async function filesIn(folder: string, entries: readonly Dirent[], matching: Matcher): Promise<string[]> {
  const found = entries
    .flatMap(({ name }) => {
      const rank = matching(name);
      // Plain before packed.
      return rank === undefined ? [] : [{ name, rank: 2 * rank + (/\.gz$/i.test(name) ? 1 : 0) }];
    })
    .sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1));
  const files: string[] = [];
  for (const { name } of found) {
    const file = path.join(folder, name);
    // By reading, not by the type of the entry: it may be a link.
    const inside = await readdir(file).catch(() => undefined);
    files.push(...inside ? inside.filter((each) => matching(each) !== undefined).sort().map((each) => path.join(file, each)) : [file]);
  }
  return files;
}

async function readBytes(file: string, mend: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EISDIR') throw new UserError(`${file} is a folder; expected an idx file.`, mend);
    throw new UserError(`${file} cannot be read: ${message}.`, `Check its permissions. ${mend}`);
  }
}

function missing({ folder, name, mend }: IdxRequest, entries: readonly Dirent[]): UserError {
  const names = entries.map((entry) => entry.name).sort();
  const file = path.join(folder, name);
  const same = names.find((each) => matcherOf(name)(each) !== undefined);
  if (same !== undefined) return new UserError(`${path.join(folder, same)} is a folder that holds no ${name}; expected an idx file.`, mend);
  const shown = names.slice(0, 8).join(', ') + (names.length > 8 ? ', ...' : '');
  const near = nearest(name, names);
  return new UserError(
    `${file} is missing, both plain and as ${name}.gz; the folder holds ${shown || 'nothing'}.`,
    `${near === undefined ? '' : `Perhaps ${near} is meant: ${archive.test(near) ? 'unpack it' : `rename it to ${name}`}. `}${mend}`);
}

const archive = /\.(zip|tar|tgz|tar\.gz|7z|rar|bz2|xz|zst)$/i;

/** The name that looks like the one that is looked for, or like its archive. */
function nearest(name: string, names: readonly string[]): string | undefined {
  const bare = (text: string) => text.toLowerCase().replace(archive, '').replace(/\.gz$/, '').replace(/[-_.\s]/g, '');
  const [train, other] = [/^train/i, /^(t10k|test)/i];
  const candidates = names
    // The files of the two sets differ by a few letters, and must not be taken for one another.
    .filter((each) => !(train.test(name) && other.test(each)) && !(other.test(name) && train.test(each)))
    .filter((each) => ['images', 'labels', 'colors'].every((word) => name.includes(word) || !each.toLowerCase().includes(word)))
    .map((each) => ({ each, far: distance(bare(each), bare(name)) }))
    .sort((a, b) => a.far - b.far);
  const [best] = candidates;
  return best && best.far <= bare(name).length / 2 ? best.each : undefined;
}

/** The content decides, not the name: some browsers unpack a download and keep its `.gz`. */
async function decompress(file: string, bytes: Uint8Array, mend: string): Promise<Uint8Array> {
  if (!isGzip(bytes)) {
    const isIdx = bytes[0] === 0 && bytes[1] === 0;
    if (!/\.gz$/i.test(file) || isIdx) return bytes;
    throw new UserError(
      `${file} is not gzip-compressed: expected the first bytes 1f 8b, found ${hex(bytes.subarray(0, 2))}.`,
      `The file is damaged or something else under its name. ${mend}`);
  }
  let content = bytes;
  for (let layer = 0; layer < MAX_GZIP_LAYERS && isGzip(content); layer++) content = await unpack(file, content, mend);
  if (isGzip(content)) throw new UserError(`${file} is packed with gzip more than ${MAX_GZIP_LAYERS} times.`, `Unpack it first. ${mend}`);
  return content;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function unpack(file: string, bytes: Uint8Array, mend: string): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(bytes);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const found = code === 'Z_BUF_ERROR'
      ? `is truncated: the compressed data end too early, after ${bytes.length} bytes`
      : `is damaged: expected a sound gzip file, found "${message}"`;
    throw new UserError(`${file} ${found}.`, `Probably an incomplete or broken copy. ${mend}`);
  }
}

function parseIdx(file: string, content: Uint8Array, { shape: wanted, mend }: IdxRequest): IdxArray {
  const refuse = (expected: string, found: string): never => {
    throw new UserError(`${file}: expected ${expected}, found ${found}.`, mend);
  };
  const headerSize = 4 + 4 * wanted.length;
  const magic = hex([0, 0, 0x08, wanted.length]);
  if (content.length < 4) refuse(`the idx magic ${magic}`, `a file of ${content.length} bytes`);
  const [zero, zeroToo, type, dimensions] = content as unknown as [number, number, number, number];
  if (zero !== 0 || zeroToo !== 0) refuse(`the idx magic ${magic}`, hex(content.subarray(0, 4)));
  if (type !== 0x08) {
    refuse('values of type unsigned byte (0x08)', `type ${hex([type])} (${typeNames[type] ?? 'unknown'})`);
  }
  if (dimensions !== wanted.length) refuse(`${wanted.length} dimensions`, `${dimensions}`);
  if (content.length < headerSize) refuse(`a header of ${headerSize} bytes`, `a file of ${content.length} bytes`);

  const header = new DataView(content.buffer, content.byteOffset, headerSize);
  const shape = wanted.map((_, axis) => header.getUint32(4 + 4 * axis));
  if (shape.some((length, axis) => (wanted[axis] === undefined ? length === 0 : length !== wanted[axis]))) {
    refuse(`the shape ${wanted.map((length) => length ?? 'any').join(' x ')}`, shape.join(' x '));
  }
  const size = shape.reduce((product, length) => product * length, 1);
  const data = content.subarray(headerSize);
  if (data.length !== size) {
    const what = data.length < size ? 'it is truncated' : 'there is more than that';
    refuse(`${size} bytes of data for the shape ${shape.join(' x ')}`, `${data.length} (${what})`);
  }
  return { file, shape, data };
}

function hex(bytes: Iterable<number>): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ') || 'nothing';
}
