import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
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
  /** Name without `.gz`; the plain file is taken if it is there, else the compressed one. */
  readonly name: string;
  /** Length of every dimension; undefined where any length above 0 will do. */
  readonly shape: readonly (number | undefined)[];
  /** One sentence for the hint of every error: where right files come from. */
  readonly mend: string;
}

const typeNames: Readonly<Record<number, string>> = {
  0x08: 'unsigned byte', 0x09: 'signed byte', 0x0b: 'int16', 0x0c: 'int32', 0x0d: 'float32', 0x0e: 'float64',
};

/** Reads an idx file of unsigned bytes and checks all that its header promises; throws `UserError` if it is not so. */
export async function readIdx(request: IdxRequest): Promise<IdxArray> {
  const { file, bytes } = await readEither(request);
  const content = await decompress(file, bytes, request.mend);
  return parseIdx(file, content, request);
}

async function readEither({ folder, name, mend }: IdxRequest): Promise<{ file: string; bytes: Uint8Array }> {
  for (const file of [path.join(folder, name), path.join(folder, `${name}.gz`)]) {
    try {
      return { file, bytes: await readFile(file) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') continue;
      if (code === 'ENOTDIR') throw new UserError(`${folder} is not a folder; expected one that holds ${name}.`, mend);
      if (code === 'EISDIR') throw new UserError(`${file} is a folder; expected an idx file.`, mend);
      throw new UserError(`${file} cannot be read: ${message}.`, `Check its permissions. ${mend}`);
    }
  }
  throw await missing(folder, name, mend);
}

async function missing(folder: string, name: string, mend: string): Promise<UserError> {
  const entries = await readdir(folder).catch(() => undefined);
  if (!entries) return new UserError(`The folder ${folder} does not exist; expected one that holds ${name}.gz.`, mend);
  const shown = entries.sort().slice(0, 8).join(', ') + (entries.length > 8 ? ', ...' : '');
  return new UserError(
    `${path.join(folder, name)} is missing, both plain and as ${name}.gz; the folder holds ${shown || 'nothing'}.`,
    mend);
}

/** The content decides, not the name: some browsers unpack a download and keep its `.gz`. */
async function decompress(file: string, bytes: Uint8Array, mend: string): Promise<Uint8Array> {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) {
    const isIdx = bytes[0] === 0 && bytes[1] === 0;
    if (!file.endsWith('.gz') || isIdx) return bytes;
    throw new UserError(
      `${file} is not gzip-compressed: expected the first bytes 1f 8b, found ${hex(bytes.subarray(0, 2))}.`,
      `The file is damaged or something else under its name. ${mend}`);
  }
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
