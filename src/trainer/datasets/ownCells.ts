import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { ModalityInfo } from '../data/dataset.ts';
import type { FileSample } from '../data/read/fileSplit.ts';
import { readNpyHeader } from '../data/read/npy.ts';
import type { Manifest } from './manifest.ts';

/** Files whose headers are read at the same time. */
const AT_ONCE = 32;
/** Bytes at the beginning and at the end of a file that stand for its content in the fingerprint: smaller files enter whole. */
const SAMPLED = 32 * 1024;

type Header = Awaited<ReturnType<typeof readNpyHeader>>;
type Cells = FileSample['cells'];

/** What the cells of a manifest name, and what is wrong with them, one line for each problem. */
export interface ReadCells {
  /** By row, then by column. */
  readonly cells: readonly Cells[];
  /** Name, size and content of every file that is named, for the fingerprint: it stays the same in a copy. */
  readonly files: readonly (readonly [name: string, bytes: number, hash: string])[];
  readonly problems: readonly string[];
}

/** Reads the headers of all files that the columns name, `path` or `path#row`; the values stay where they are. */
export async function readCells(
  manifest: Manifest, columns: readonly string[], { missing, signal, onProgress }: { missing: boolean; signal: AbortSignal; onProgress: (message: string) => void },
): Promise<ReadCells> {
  const folder = path.dirname(manifest.file);
  const names = [...new Set(manifest.rows.flatMap(({ cells }) => columns.map((column) => cells[column]).filter((cell) => cell !== undefined).map(fileOf)))];
  onProgress(`Reading the headers of ${names.length} files that ${path.basename(manifest.file)} names.`);
  const opened = new Map<string, { header: Header; hash: string } | UserError>();
  for (let start = 0; start < names.length; start += AT_ONCE) {
    signal.throwIfAborted();
    await Promise.all(names.slice(start, start + AT_ONCE).map(async (name) => opened.set(name, await look(path.resolve(folder, name)))));
  }
  const problems: string[] = [];
  const cells = manifest.rows.map(({ line, cells: texts }): Cells => {
    const found = columns.map((column) => {
      const text = texts[column];
      const problem = (what: string): void => { problems.push(`${manifest.file}:${line}: column "${column}": ${what}`); };
      if (text === undefined) {
        if (!missing) problem('it is empty; with dataset.missing: allow the sample just lacks this modality.');
        return [column, undefined];
      }
      const file = opened.get(fileOf(text))!;
      if (file instanceof UserError) {
        problem(file.message);
        return [column, undefined];
      }
      const cell = cellOf(path.resolve(folder, fileOf(text)), file.header, text);
      if (typeof cell === 'string') problem(cell);
      return [column, typeof cell === 'string' ? undefined : cell];
    });
    if (missing && columns.every((column) => texts[column] === undefined)) problems.push(`${manifest.file}:${line}: the sample has no modality at all.`);
    return Object.fromEntries(found) as Cells;
  });
  const files = names.flatMap((name) => {
    const file = opened.get(name)!;
    return file instanceof UserError ? [] : [[name, file.header.bytes, file.hash] as const];
  });
  return { cells, files, problems };
}

const fileOf = (cell: string): string => cell.replace(/#\d+$/, '');

function cellOf(file: string, header: Header, text: string): Cells[string] | string {
  const row = /#(\d+)$/.exec(text)?.[1];
  if (row === undefined) {
    const shape = header.shape.length === 0 ? [1] : header.shape;
    return shape[0] === 0 ? `${file} is empty.` : { shape, source: { ...header, format: 'npy', file, from: 0, taken: shape } };
  }
  const [rows, ...rest] = header.shape;
  if (rows === undefined || Number(row) >= rows) return `${file} has no row ${row}: its shape is [${header.shape.join(', ')}], rows count from 0.`;
  if (header.fortranOrder && rest.length > 0) return `${file} is in Fortran order, so its rows are scattered; write it again with numpy.ascontiguousarray.`;
  const taken = rest.length === 0 ? [1] : rest;
  return { shape: taken, source: { ...header, format: 'npy', file, from: Number(row) * rest.reduce((size, length) => size * length, 1), taken } };
}

async function look(file: string): Promise<{ header: Header; hash: string } | UserError> {
  try {
    return { header: await readNpyHeader(file), hash: await hashEnds(file) };
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

async function hashEnds(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const hash = createHash('sha256');
    const add = async (from: number): Promise<void> => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(SAMPLED, size - from)), 0, Math.min(SAMPLED, size - from), from);
      hash.update(buffer.subarray(0, bytesRead));
    };
    await add(0);
    if (size > SAMPLED) await add(Math.max(SAMPLED, size - SAMPLED));
    return hash.digest('hex').slice(0, 16);
  } finally {
    await handle.close();
  }
}

/** What a column's arrays are: of one shape, or of one shape but for a first axis that varies. Throws `UserError` that names the first cell that is neither. */
export function describeArrays(manifest: Manifest, column: string, cells: readonly Cells[], maxSteps: number | undefined): ModalityInfo {
  const shapes = cells.map((row) => row[column]?.shape);
  const first = shapes.findIndex((shape) => shape !== undefined);
  if (first < 0) throw new UserError(`${manifest.file}: the column "${column}" has no file at all.`, 'Remove it, or leave it out of dataset.modalities.');
  const [length, ...rest] = shapes[first]!;
  const odd = shapes.findIndex((shape) => shape && (shape.slice(1).join() !== rest.join() || shape.length !== rest.length + 1 || (rest.length === 0 && shape[0] !== length)));
  if (odd >= 0) {
    throw new UserError(`${manifest.file}:${manifest.rows[odd]!.line}: column "${column}": ${cells[odd]![column]!.source.file}: expected the shape [${[rest.length > 0 ? 'any' : length, ...rest].join(', ')}] as in line ${manifest.rows[first]!.line}, found [${shapes[odd]!.join(', ')}].`,
      'All arrays of a modality have one shape; only the first of two or more axes may vary.');
  }
  const base = { id: column, dtype: 'float32', augments: false, encoder: 'mlp' } as const;
  if (shapes.every((shape) => !shape || shape[0] === length)) return { ...base, kind: rest.length === 0 ? 'vector' : 'array', shape: [length!, ...rest] };
  const longest = Math.min(maxSteps ?? Infinity, shapes.reduce((most, shape) => Math.max(most, shape?.[0] ?? 0), 0));
  return { ...base, kind: 'sequence', shape: [null, ...rest], masked: true, longest };
}
