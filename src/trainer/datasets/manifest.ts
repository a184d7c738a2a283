import { readFileSync } from 'node:fs';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { UserError } from '../../core/errors.ts';

/** One line of a manifest: texts by column, empty ones left out. */
export interface ManifestRow {
  /** Line in the file, from 1. */
  readonly line: number;
  readonly cells: Readonly<Record<string, string>>;
}

/** A table of samples: CSV with a header, or one JSON object a line (`.jsonl`, `.ndjson`). */
export interface Manifest {
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: readonly ManifestRow[];
}

const mend = 'A manifest is a CSV file with a header, or one JSON object a line (.jsonl): id, split and label, and a column for each modality.';

/** Reads a manifest whole. Throws `UserError` that names file and line. */
export function readManifest(file: string): Manifest {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`The manifest ${file} cannot be read: ${(error as Error).message}.`, 'Set dataset.manifest to a file.');
  }
  return /\.(jsonl|ndjson)$/i.test(file) ? parseLines(file, text.replace(/^\uFEFF/, '')) : parseTable(file, text);
}

function parseTable(file: string, text: string): Manifest {
  try {
    const records = parse(text, { bom: true, info: true, skip_empty_lines: true, trim: true }) as unknown as { record: string[]; info: { lines: number } }[];
    const [header, ...rows] = records;
    if (!header || rows.length === 0) throw new UserError(`${file} has no samples.`, mend);
    const columns = header.record;
    const twice = columns.find((column, index) => column === '' || columns.indexOf(column) !== index);
    if (twice !== undefined) throw new UserError(`${file}:1: ${twice === '' ? 'a column has no name' : `the column "${twice}" is there twice`}.`, mend);
    return {
      file, columns,
      rows: rows.map(({ record, info }) => ({ line: info.lines, cells: Object.fromEntries(columns.map((column, index) => [column, record[index]!]).filter(([, cell]) => cell !== '')) })),
    };
  } catch (error) {
    if (error instanceof CsvError) throw new UserError(`${file}: ${error.message}.`, mend);
    throw error;
  }
}

function parseLines(file: string, text: string): Manifest {
  const rows = text.split(/\r?\n/).map((line, index) => ({ text: line.trim(), line: index + 1 })).filter((each) => each.text !== '')
    .map(({ text: json, line }): ManifestRow => {
      const wrong = (what: string): UserError => new UserError(`${file}:${line}: ${what}`, mend);
      let value: unknown;
      try {
        value = JSON.parse(json);
      } catch (error) {
        throw wrong(`no JSON: ${(error as Error).message}.`);
      }
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('expected an object such as {"id": "a", "split": "train", "label": "happy", "audio": "a.npy"}.');
      const cells = Object.entries(value).filter(([, cell]) => cell !== null && cell !== '').map(([column, cell]) => {
        if (typeof cell !== 'string' && typeof cell !== 'number') throw wrong(`column "${column}": expected a text or a number, found ${JSON.stringify(cell)}.`);
        return [column, String(cell)];
      });
      return { line, cells: Object.fromEntries(cells) as Record<string, string> };
    });
  if (rows.length === 0) throw new UserError(`${file} has no samples.`, mend);
  return { file, columns: [...new Set(rows.flatMap(({ cells }) => Object.keys(cells)))], rows };
}
