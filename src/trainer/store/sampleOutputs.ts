import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { OUTPUTS_KEY, outputsFile, type OutputsMetadata } from '../../core/run/outputs.ts';
import type { Dataset, Split } from '../data/dataset.ts';
import { type TensorSource, writeSafetensors } from './safetensors.ts';

/** Larger outputs are not stored, bytes: a run must not fill the disk with what can be computed from its weights. */
const MOST = 16 * 2 ** 20;

/**
 * Stores the logits of a run on a split, each flat [N, C], beside ids and labels, as `readOutputs` of the core reads them.
 * @returns whether they were stored: not if they are larger than 16 MB
 * @throws UserError if the disk is full or the folder cannot be written
 */
export async function writeOutputs(folder: string, name: string, split: Split, { classes }: Pick<Dataset, 'classes'>, logits: Readonly<Record<string, Float32Array>>): Promise<boolean> {
  const samples = split.size;
  const source = (tensor: string, columns: number, values: Float32Array): TensorSource => ({ name: tensor, shape: [samples, columns], values: () => Promise.resolve(values) });
  const present = Object.keys(logits).flatMap((target) => {
    const has = split.present?.(target);
    return has ? [source(`present.${target}`, 1, Float32Array.from(has))] : [];
  });
  const tensors = [
    source('labels', 1, Float32Array.from(split.labels)), ...present,
    ...Object.entries(logits).map(([target, values]) => source(`logits.${target}`, classes.length, values)),
  ];
  const metadata: OutputsMetadata = { format: 1, split: name, classes: [...classes], ids: Array.from({ length: samples }, (_, row) => split.id(row)) };
  const text = JSON.stringify(metadata);
  const bytes = tensors.reduce((sum, { shape }) => sum + 4 * shape.reduce((product, side) => product * side, 1), Buffer.byteLength(text));
  if (bytes > MOST) return false;
  const file = outputsFile(folder, name);
  mkdirSync(dirname(file), { recursive: true });
  await writeSafetensors(file, tensors, { [OUTPUTS_KEY]: text });
  return true;
}
