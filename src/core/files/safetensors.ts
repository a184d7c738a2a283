import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { z } from 'zod';

// The safetensors format: 8 bytes with the length of a JSON header (little endian), the header, the data.
// https://huggingface.co/docs/safetensors: names map to {dtype, shape, data_offsets}, the offsets count from the end of the header.

/** A tensor in ordinary memory, row-major. Floating-point types are read as float32, whole numbers and booleans as int32. */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

const count = z.int().min(0);
const entrySchema = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
/** Where a tensor lies in a file. */
export type SafetensorsEntry = z.infer<typeof entrySchema>;
const headerSchema = z.record(z.string(), z.unknown());
const metadataSchema = z.record(z.string(), z.string());

/** Longest header that the reference implementation takes. */
const LONGEST_HEADER = 100_000_000;

/** Bytes of one value, and how values are taken from bytes (little endian, which is that of all platforms of Node). */
const types: Readonly<Record<string, { readonly bytes: number; decode(data: ArrayBuffer): Float32Array | Int32Array }>> = {
  F64: { bytes: 8, decode: (data) => Float32Array.from(new Float64Array(data)) },
  F32: { bytes: 4, decode: (data) => new Float32Array(data) },
  F16: { bytes: 2, decode: (data) => Float32Array.from(new Uint16Array(data), halfToFloat) },
  BF16: { bytes: 2, decode: (data) => new Float32Array(Uint32Array.from(new Uint16Array(data), (bits) => bits << 16).buffer) },
  I64: { bytes: 8, decode: (data) => Int32Array.from(new BigInt64Array(data), (value) => inInt32(Number(value))) },
  U64: { bytes: 8, decode: (data) => Int32Array.from(new BigUint64Array(data), (value) => inInt32(Number(value))) },
  I32: { bytes: 4, decode: (data) => new Int32Array(data) },
  U32: { bytes: 4, decode: (data) => Int32Array.from(new Uint32Array(data), inInt32) },
  I16: { bytes: 2, decode: (data) => Int32Array.from(new Int16Array(data)) },
  U16: { bytes: 2, decode: (data) => Int32Array.from(new Uint16Array(data)) },
  I8: { bytes: 1, decode: (data) => Int32Array.from(new Int8Array(data)) },
  U8: { bytes: 1, decode: (data) => Int32Array.from(new Uint8Array(data)) },
  BOOL: { bytes: 1, decode: (data) => Int32Array.from(new Uint8Array(data)) },
};

/** An open file: its header is in memory, tensors are read one by one at their position. */
export class SafetensorsFile {
  readonly metadata: Readonly<Record<string, string>>;
  private readonly entries = new Map<string, SafetensorsEntry>();
  private readonly handle: number;
  private readonly dataStart: number;

  /** Opens a file and checks that header and length fit together; throws an `Error` that says what does not, or the system's. */
  constructor(readonly path: string) {
    this.handle = openSync(path, 'r');
    try {
      const size = fstatSync(this.handle).size;
      if (size < 8) throw new Error('it is shorter than its 8-byte header length');
      const length = Number(new DataView(this.bytes(0, 8)).getBigUint64(0, true));
      if (length > LONGEST_HEADER || 8 + length > size) throw new Error(`a header of ${length} bytes does not fit into ${size} bytes; it is cut off, or no safetensors file`);
      this.dataStart = 8 + length;
      const header = headerSchema.parse(parseJson(Buffer.from(this.bytes(8, length)).toString('utf8')));
      const { __metadata__: metadata, ...tensors } = header;
      this.metadata = metadata === undefined ? {} : metadataSchema.parse(metadata);
      for (const [name, entry] of Object.entries(tensors)) this.entries.set(name, checkedEntry(name, entry));
      this.checkPlaces(size - this.dataStart);
    } catch (error) {
      this.close();
      throw error instanceof z.ZodError ? new Error(`its header is damaged: ${z.prettifyError(error)}`) : error;
    }
  }

  get names(): string[] {
    return [...this.entries.keys()];
  }

  /** Shape of a tensor; undefined if the file has none of this name. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.entries.get(name)?.shape;
  }

  /** Reads one tensor. Throws for a name that is not there, a type that is not known, or whole numbers beyond 32 bits. */
  read(name: string): StoredTensor {
    const entry = this.entries.get(name);
    if (!entry) throw new Error(`it has no tensor ${name}`);
    const type = types[entry.dtype];
    if (!type) throw new Error(`${name} is of type ${entry.dtype}, not one of ${Object.keys(types).join(', ')}`);
    const [from, to] = entry.data_offsets;
    return { shape: entry.shape, values: type.decode(this.bytes(this.dataStart + from, to - from)) };
  }

  close(): void {
    closeSync(this.handle);
  }

  /** Data of known types have the size of their shape, and all data lie one after another up to the end of the file, as the format demands. */
  private checkPlaces(bytes: number): void {
    let end = 0;
    for (const [name, { dtype, shape, data_offsets: [from, to] }] of [...this.entries].sort(([, left], [, right]) => left.data_offsets[0] - right.data_offsets[0])) {
      const size = shape.reduce((product, side) => product * side, types[dtype]?.bytes ?? Number.NaN);
      if (from !== end || to < from || (!Number.isNaN(size) && to - from !== size)) {
        throw new Error(`${name} of type ${dtype} and shape [${shape.join(', ')}] lies at bytes ${from} to ${to}, where ${Number.isNaN(size) ? 'it' : `${size} bytes`} from ${end} on would be right`);
      }
      end = to;
    }
    if (end !== bytes) throw new Error(`it has ${bytes} bytes of data instead of ${end}; it is cut off, or something was added`);
  }

  private bytes(position: number, length: number): ArrayBuffer {
    const data = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const read = readSync(this.handle, data, done, Math.min(length - done, 1024 ** 3), position + done);
      if (read === 0) throw new Error('it ends too early');
      done += read;
    }
    return data.buffer;
  }
}

/** Reads all tensors of a file; throws as `SafetensorsFile` does. */
export function readSafetensors(path: string): Record<string, StoredTensor> {
  const file = new SafetensorsFile(path);
  try {
    return Object.fromEntries(file.names.map((name) => [name, file.read(name)]));
  } finally {
    file.close();
  }
}

function checkedEntry(name: string, entry: unknown): SafetensorsEntry {
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) throw new Error(`its header is damaged at ${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('its header is no JSON; it is damaged, or no safetensors file');
  }
}

/** A float16 of these bits (IEEE 754: 1 sign, 5 exponent, 10 fraction bits). */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function inInt32(value: number): number {
  if (value !== (value | 0)) throw new Error(`a whole number of ${value} does not fit into 32 bits`);
  return value;
}
