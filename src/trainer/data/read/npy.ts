import { open, type FileHandle } from 'node:fs/promises';
import { UserError } from '../../../core/errors.ts';

/** What the header of a .npy file says. */
export interface NpyHeader {
  readonly shape: readonly number[];
  /** Kind and bytes of a value: f2, f4, f8, i1 … u8, b1. */
  readonly type: string;
  readonly bigEndian: boolean;
  readonly fortranOrder: boolean;
  /** Where the values begin, bytes. */
  readonly start: number;
}

/** A run of values in a .npy file, as plain data that can be sent to a worker. */
export interface NpySource extends NpyHeader {
  readonly file: string;
  /** First value to take in the file's own order; a Fortran-ordered array is taken from its beginning. */
  readonly from: number;
  /** Shape of what is taken. Of a Fortran-ordered array, the first axis may be shorter than in the header. */
  readonly taken: readonly number[];
}

type Decode = (view: DataView, at: number, littleEndian: boolean) => number;

/** How a value of each type is read; its bytes are the digit of its name. */
const decoders: Readonly<Record<string, Decode>> = {
  f2: (view, at, little) => halfToNumber(view.getUint16(at, little)),
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  i8: (view, at, little) => Number(view.getBigInt64(at, little)),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  u8: (view, at, little) => Number(view.getBigUint64(at, little)),
  b1: (view, at) => view.getUint8(at),
};

const mend = 'Write it again with numpy.save(file, numpy.ascontiguousarray(array, dtype="float32")).';
/** Longest header that is believed, bytes; numpy itself refuses longer ones. */
const LONGEST_HEADER = 10_000;

/** IEEE 754 half precision: 1 sign bit, 5 of the exponent, 10 of the fraction. */
function halfToNumber(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 0x1f, bits & 0x3ff];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);
const bytesOf = (type: string): number => Number(type.slice(1));

/**
 * Reads the header of a .npy file (versions 1 to 3) and checks that the file holds as many bytes as it promises.
 * @throws UserError that names the file
 */
export async function readNpyHeader(file: string): Promise<NpyHeader & { readonly bytes: number }> {
  const handle = await openFile(file);
  try {
    const { size } = await handle.stat();
    const header = parseHeader(file, await readAt(handle, file, 0, Math.min(size, LONGEST_HEADER + 12)));
    const wanted = header.start + sizeOf(header.shape) * bytesOf(header.type);
    if (size !== wanted) {
      throw new UserError(`${file}: expected ${wanted} bytes for ${header.type} values of shape [${header.shape.join(', ')}], found ${size} (${size < wanted ? 'it is truncated' : 'there is more than that'}).`,
        'Probably an incomplete copy: copy or write it again.');
    }
    return { ...header, bytes: size };
  } finally {
    await handle.close();
  }
}

function parseHeader(file: string, bytes: Buffer): NpyHeader {
  const text = bytes.toString('latin1');
  if (text.startsWith('version https://git-lfs')) throw new UserError(`${file} is a placeholder of Git LFS, not the data.`, 'Run git lfs pull in its folder.');
  if (!text.startsWith('\x93NUMPY')) throw new UserError(`${file} is not a .npy file: it does not begin with \\x93NUMPY.`, mend);
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) throw new UserError(`${file}: expected version 1, 2 or 3 of the .npy format, found ${version}.`, mend);
  const begin = version === 1 ? 10 : 12;
  const length = bytes.length < begin ? 0 : version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const header = text.slice(begin, begin + length);
  const descr = /'descr':\s*'([<>|=])([a-zA-Z])(\d+)'/.exec(header);
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const shape = /'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1];
  if (!header.endsWith('\n') || order === undefined || shape === undefined) throw new UserError(`${file}: its header is damaged or cut off.`, mend);
  const type = descr ? `${descr[2]}${descr[3]}` : /'descr':\s*(\[|'[^']*')/.exec(header)?.[1] ?? 'unknown';
  if (!descr || !(type in decoders)) {
    throw new UserError(`${file}: values of type ${type.startsWith('O') ? 'object (a pickle)' : type.startsWith('[') ? 'record' : type} are not read; known: ${Object.keys(decoders).join(', ')}.`, mend);
  }
  return {
    shape: shape.split(',').filter((each) => each.trim() !== '').map(Number), type, bigEndian: descr[1] === '>', fortranOrder: order === 'True', start: begin + length,
  };
}

/**
 * Reads a run of values into `target` from its beginning, row major whatever the order in the file.
 * @throws UserError that names the file and, for NaN and infinite values and integers beyond 2^53, the position
 */
export async function readNpy(source: NpySource, target: Float32Array | Int32Array): Promise<void> {
  const { file, type, bigEndian, fortranOrder, shape, start, from, taken } = source;
  const width = bytesOf(type);
  const handle = await openFile(file);
  try {
    const bytes = await readAt(handle, file, start + from * width, (fortranOrder ? sizeOf(shape) : sizeOf(taken)) * width);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const decode = decoders[type]!;
    const place = fortranOrder ? fortranPlaces(shape, taken) : (index: number) => index;
    for (let index = 0; index < sizeOf(taken); index++) {
      const value = decode(view, place(index) * width, !bigEndian);
      if (!Number.isFinite(value)) throw new UserError(`${file}: value ${from + index} is ${value}.`, 'Replace values that are not finite, for instance with numpy.nan_to_num.');
      if (width === 8 && type !== 'f8' && !Number.isSafeInteger(value)) throw new UserError(`${file}: value ${from + index} is beyond 2^53.`, mend);
      target[index] = value;
    }
  } finally {
    await handle.close();
  }
}

/** Where the value that is `index`-th in row-major order of `taken` stands in a Fortran-ordered array of `shape`. */
function fortranPlaces(shape: readonly number[], taken: readonly number[]): (index: number) => number {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  return (index) => {
    let [rest, place] = [index, 0];
    for (let axis = taken.length - 1; axis >= 0; axis--) {
      place += (rest % taken[axis]!) * strides[axis]!;
      rest = Math.floor(rest / taken[axis]!);
    }
    return place;
  };
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UserError(`There is no file ${file}.`, 'Put it there, or mend the path.');
    throw new UserError(`${file} cannot be opened: ${message}.`, 'Check its permissions, and how many files a process may open (ulimit -n).');
  }
}

async function readAt(handle: FileHandle, file: string, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length;) {
    let count: number;
    try {
      ({ bytesRead: count } = await handle.read(bytes, done, length - done, position + done));
    } catch (error) {
      throw new UserError(`${file} cannot be read: ${(error as Error).message}.`, 'Is it a file, and is its disk sound?');
    }
    if (count === 0) throw new UserError(`${file} is truncated: it ends after ${position + done} bytes, ${position + length} were expected.`, 'It has changed since the run began: copy or write it again.');
    done += count;
  }
  return bytes;
}
