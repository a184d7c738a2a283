/**
 * The safetensors format: 8 bytes with the length of a JSON header (little endian), the header, the data.
 * https://huggingface.co/docs/safetensors: names map to {dtype, shape, data_offsets}. Only F32 is written and read.
 */
export interface StoredTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface HeaderEntry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** Encodes tensors, sorted by name, with text metadata. */
export function encodeSafetensors(tensors: Readonly<Record<string, StoredTensor>>, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const header: Record<string, HeaderEntry | Record<string, string>> = {};
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  const names = Object.keys(tensors).sort();
  let offset = 0;
  for (const name of names) {
    const { shape, values } = tensors[name]!;
    header[name] = { dtype: 'F32', shape: [...shape], data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const json = JSON.stringify(header);
  // Data start at a multiple of 8, as the format asks of writers.
  const padded = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.byteLength));
  const data = names.map((name) => {
    const { values } = tensors[name]!;
    return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  });
  return Buffer.concat([length, padded, ...data]);
}

/** Decodes a file's bytes; throws an `Error` that says what is wrong with them. */
export function decodeSafetensors(bytes: Buffer): Record<string, StoredTensor> {
  if (bytes.byteLength < 8) throw new Error('shorter than its 8-byte header length');
  const length = Number(bytes.readBigUInt64LE(0));
  if (8 + length > bytes.byteLength) throw new Error(`header of ${length} bytes does not fit into ${bytes.byteLength} bytes`);
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, HeaderEntry>;
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: [from, to] } = entry;
    const size = shape.reduce((product, side) => product * side, 1) * 4;
    if (dtype !== 'F32') throw new Error(`${name} is ${dtype}, not F32`);
    if (to - from !== size || 8 + length + to > bytes.byteLength) throw new Error(`${name}: ${to - from} bytes for shape [${shape.join(', ')}], or cut off`);
    const values = new Float32Array(size / 4);
    Buffer.from(values.buffer).set(bytes.subarray(8 + length + from, 8 + length + to));
    tensors[name] = { shape, values };
  }
  return tensors;
}
