import path from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { HParamSpecs, ValuesOf } from '../../core/config/hparams.ts';
import { createRandom, seedFor } from '../../core/random.ts';
import { defineDataset, type ModalityInfo } from '../data/dataset.ts';
import { fingerprintOf, fingerprintPart } from '../data/fingerprint.ts';
import { BufferRing } from '../data/read/bufferRing.ts';
import { type FileSample, fileSplit } from '../data/read/fileSplit.ts';
import { createReaders } from '../data/read/readers.ts';
import { holdOut } from '../data/split.ts';
import { readManifest, type Manifest, type ManifestRow } from './manifest.ts';
import { describeArrays, readCells } from './ownCells.ts';

const settings = {
  manifest: { type: 'path', mustBe: 'file', help: 'Table of the samples: CSV with a header, or JSON lines (.jsonl). Paths in it start from its folder.' },
  modalities: { type: 'list', of: { type: 'text', help: 'A column.' }, min: 1, optional: true, help: 'Columns that are modalities, in this order; all but id, split and label if absent.' },
  classes: { type: 'list', of: { type: 'text', help: 'A class.' }, min: 2, optional: true, help: 'Names of the classes in their order; if absent, the labels in order, as numbers if they all are.' },
  validation: { type: 'number', default: 0.1, above: 0, below: 1, help: 'Share held out for validation (stratified) where the manifest names no validation samples.' },
  test: { type: 'number', default: 0.1, above: 0, below: 1, help: 'Share held out for the test (stratified) where the manifest has no split column.' },
  missing: { type: 'choice', values: ['refuse', 'allow'], default: 'refuse', help: 'Whether an empty cell is an error, or a modality that the sample lacks.' },
  maxSteps: { type: 'number', integer: true, min: 1, optional: true, help: 'Longest first axis of arrays of varying length; what is beyond is cut off.' },
  workers: { type: 'number', integer: true, min: 0, max: 16, default: 2, help: 'Threads that read files; 0 reads in the trainer itself. It changes no number.' },
} as const satisfies HParamSpecs;

type Settings = ValuesOf<typeof settings>;

const reserved = ['id', 'split', 'label', 'group', 'weight'];
const splitNames: Readonly<Record<string, 'train' | 'validation' | 'test'>> = { train: 'train', val: 'validation', valid: 'validation', validation: 'validation', test: 'test' };
/** Free buffers that are kept: those of a training epoch, which reads three batches ahead of the one in use. */
const RING = 4;

/** A user's own data: a manifest of `.npy` files, one column for each modality; read by position, in workers, batch by batch. */
export const ownArrays = defineDataset({
  id: 'own-arrays',
  label: 'Own arrays: a manifest of .npy files',
  source: 'the user: CSV or JSON lines with id, split and label, and a column of .npy files (path, or path#row) for each modality',
  settings,
  modalitiesVary: true,
  modalities: (options, folder) => columnsOf(readManifest(path.resolve(folder, options.manifest)), options),
  async load({ settings: options, folder, seed, distFolder, signal, onProgress }) {
    const manifest = readManifest(path.resolve(folder, options.manifest));
    const columns = columnsOf(manifest, options);
    const { classes, labels } = classesOf(manifest, options);
    const ids = idsOf(manifest);
    const { cells, files, problems } = await readCells(manifest, columns, { missing: options.missing === 'allow', signal, onProgress });
    refuse(problems);
    const modalities = columns.map((column) => describeArrays(manifest, column, cells, options.maxSteps));
    const samples = manifest.rows.map((_, row): FileSample => ({ id: ids[row]!, label: labels[row]!, cells: cut(modalities, cells[row]!) }));
    const rows = splitRows(manifest, labels, classes.length, options, seed);
    const reading = { modalities, readers: createReaders(options.workers, distFolder), ring: new BufferRing(RING) };
    const split = (name: 'train' | 'validation' | 'test') => fileSplit(name, Array.from(rows[name], (row) => samples[row]!), reading);
    const lacking = columns.map((column) => ({ column, count: cells.filter((row) => !row[column]).length })).filter(({ count }) => count > 0);
    const parts = {
      'class list': fingerprintPart(classes), modalities: fingerprintPart(modalities), samples: fingerprintPart([ids, manifest.rows.map(({ cells: { id: _, ...texts } }) => texts)]),
      splits: fingerprintPart('', Object.values(rows)), files: fingerprintPart(files),
    };
    return {
      id: 'own-arrays', modalities, classes, parts, fingerprint: fingerprintOf({ format: 1, id: 'own-arrays', parts }),
      train: split('train'), validation: split('validation'), test: split('test'),
      notes: lacking.map(({ column, count }) => `${count} of ${samples.length} samples have no ${column}; they count for the other modalities only.`),
      close: () => reading.readers.close(),
    };
  },
});

/** Throws one error for all that is wrong with the cells of a manifest; a long list is cut. */
function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, 10).join('\n') + (problems.length > 10 ? `\n… and ${problems.length - 10} more` : '');
  throw new UserError(shown, 'Mend the manifest or the files that it names.');
}

function columnsOf({ file, columns }: Manifest, options: Settings): readonly string[] {
  const unknown = options.modalities?.find((column) => !columns.includes(column) || reserved.includes(column));
  if (unknown !== undefined) throw new UserError(`dataset.modalities: ${file} has no column "${unknown}" for a modality; it has ${columns.join(', ')}.`, 'Name columns of the manifest.');
  const unsupported = columns.find((column) => column === 'group' || column === 'weight');
  if (unsupported !== undefined) throw new UserError(`${file}:1: the column "${unsupported}" is reserved, and nothing is done with it yet.`, 'Remove or rename it.');
  const chosen = options.modalities ?? columns.filter((column) => !reserved.includes(column));
  if (chosen.length === 0) throw new UserError(`${file}:1: there is no column for a modality.`, 'Add a column of .npy files.');
  return chosen;
}

function idsOf({ file, rows }: Manifest): string[] {
  const lines = new Map<string, number>();
  const problems: string[] = [];
  const ids = rows.map(({ line, cells }) => {
    const id = cells['id'] ?? `line ${line}`;
    if (lines.has(id)) problems.push(`${file}:${line}: column "id": "${id}" stands in line ${lines.get(id)} already.`);
    lines.set(id, line);
    return id;
  });
  refuse(problems);
  return ids;
}

function classesOf({ file, rows }: Manifest, options: Settings): { classes: readonly string[]; labels: Int32Array } {
  const texts = rows.map(({ cells }) => cells['label']);
  const used = [...new Set(texts.filter((text) => text !== undefined))];
  const numbered = used.every((text) => /^\d{1,4}$/.test(text));
  const classes = options.classes ?? (numbered ? Array.from({ length: Math.max(...used.map(Number)) + 1 }, (_, index) => String(index)) : used.sort());
  const problems: string[] = [];
  const labels = Int32Array.from(rows, ({ line }, row) => {
    const text = texts[row];
    const label = text === undefined ? -1 : classes.indexOf(numbered && !options.classes ? String(Number(text)) : text);
    if (label < 0) problems.push(`${file}:${line}: column "label": ${text === undefined ? 'it is empty' : `"${text}" is none of dataset.classes (${classes.join(', ')})`}.`);
    return label;
  });
  refuse(problems);
  if (classes.length < 2) throw new UserError(`${file}: expected two classes at least, found ${classes.join(', ')}.`, 'Add samples of another class.');
  return { classes, labels };
}

/** Rows of each split: as the manifest says; what it leaves open is drawn, stratified, by the seed. */
function splitRows({ file, columns, rows }: Manifest, labels: Int32Array, classes: number, options: Settings, seed: number) {
  const all = Int32Array.from(rows, (_, row) => row);
  const names = columns.includes('split') ? rows.map(({ cells }) => splitNames[cells['split']?.toLowerCase() ?? '']) : undefined;
  refuse(rows.filter((_, row) => names && !names[row]).map(({ line, cells }: ManifestRow) => `${file}:${line}: column "split": expected train, val or test, found "${cells['split'] ?? ''}".`));
  const draw = (from: Int32Array, count: number, purpose: string) => {
    const { kept, heldOut } = holdOut(from.map((row) => labels[row]!), classes, Math.min(from.length, Math.round(count)), createRandom(seedFor(purpose, seed)));
    return { kept: kept.map((index) => from[index]!).sort(), heldOut: heldOut.map((index) => from[index]!).sort() };
  };
  const named = (name: string) => all.filter((row) => names?.[row] === name);
  const whole = names ? { kept: named('train'), heldOut: named('test') } : draw(all, options.test * all.length, 'split:test');
  const given = named('validation');
  const drawn = given.length > 0 ? { kept: whole.kept, heldOut: given } : draw(whole.kept, options.validation * (names ? whole.kept : all).length, 'split');
  const result = { train: drawn.kept, validation: drawn.heldOut, test: whole.heldOut };
  for (const [name, part] of Object.entries(result)) {
    if (part.length === 0) throw new UserError(`${file}: there are no samples for the ${name} split.`, 'Add some, or remove the column "split" to have all splits drawn.');
  }
  return result;
}

/** The cells of a sample, no longer than their modality. */
function cut(modalities: readonly ModalityInfo[], cells: FileSample['cells']): FileSample['cells'] {
  return Object.fromEntries(modalities.map(({ id, longest }) => {
    const cell = cells[id];
    if (!cell || longest === undefined || cell.shape[0]! <= longest) return [id, cell];
    const shape = [longest, ...cell.shape.slice(1)];
    return [id, { shape, source: { ...cell.source, taken: shape } }];
  }));
}
