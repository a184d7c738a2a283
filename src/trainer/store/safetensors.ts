import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import type { SafetensorsEntry } from '../../core/files/safetensors.ts';
import { streamDurably } from './durable.ts';

/** A tensor to be written: its values are asked for when their turn comes, so that not all are in memory at once. */
export interface TensorSource {
  readonly name: string;
  readonly shape: readonly number[];
  values(): Promise<Float32Array>;
}

/** Bytes that are written, hashed or read in one go: short enough that nobody waits for it. */
const PIECE = 4 * 1024 ** 2;

/**
 * Writes tensors as F32, sorted by name, with text metadata, one after another and durably (`streamDurably`).
 * @returns the SHA-256 of the file, hex
 */
export async function writeSafetensors(path: string, tensors: readonly TensorSource[], metadata: Readonly<Record<string, string>> = {}): Promise<string> {
  const sorted = tensors.toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const hash = createHash('sha256');
  await streamDurably(path, hashed(piecesOf(sorted, metadata), hash));
  return hash.digest('hex');
}

/** SHA-256 of a file, hex, read piece by piece. */
export function hashFile(path: string): string {
  const hash = createHash('sha256');
  const handle = openSync(path, 'r');
  try {
    const piece = Buffer.alloc(PIECE);
    for (let read = readSync(handle, piece); read > 0; read = readSync(handle, piece)) hash.update(piece.subarray(0, read));
  } finally {
    closeSync(handle);
  }
  return hash.digest('hex');
}

async function* piecesOf(tensors: readonly TensorSource[], metadata: Readonly<Record<string, string>>): AsyncGenerator<Uint8Array> {
  const header: Record<string, SafetensorsEntry | Readonly<Record<string, string>>> = {};
  if (Object.keys(metadata).length > 0) header['__metadata__'] = metadata;
  let offset = 0;
  for (const { name, shape } of tensors) {
    const end = shape.reduce((product, side) => product * side, 4) + offset;
    header[name] = { dtype: 'F32', shape: [...shape], data_offsets: [offset, end] };
    offset = end;
  }
  const json = JSON.stringify(header);
  // Data start at a multiple of 8, as the format asks of writers.
  const padded = Buffer.from(json.padEnd(json.length + ((8 - (Buffer.byteLength(json) % 8)) % 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.byteLength));
  yield Buffer.concat([length, padded]);
  for (const tensor of tensors) {
    const values = await tensor.values();
    for (let from = 0; from < values.byteLength; from += PIECE) {
      yield new Uint8Array(values.buffer, values.byteOffset + from, Math.min(PIECE, values.byteLength - from));
    }
  }
}

async function* hashed(pieces: AsyncIterable<Uint8Array>, hash: { update(piece: Uint8Array): unknown }): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}
