import * as tf from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { runFiles } from '../../core/run/runStore.ts';
import { writeDurably } from './durable.ts';
import type { NamedVariables } from '../model/module.ts';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.ts';

/** What a checkpoint says beside its tensors. */
const manifestSchema = z.object({
  format: z.literal(1),
  tensors: z.string(),
  sha256: z.string(),
  /** Ids of the finished stages, in order; their results are in the journal. */
  finished: z.array(z.string()),
  /** The stage in training and its epochs that are done. Absent between two stages. */
  open: z.object({ stage: z.string(), epoch: z.int() }).optional(),
});
export type CheckpointState = Omit<z.infer<typeof manifestSchema>, 'format' | 'tensors' | 'sha256'>;

/** A checkpoint read back. */
export interface Checkpoint extends CheckpointState {
  readonly tensors: Readonly<Record<string, StoredTensor>>;
}

const MANIFEST = 'checkpoint.json';

/**
 * Writes a checkpoint: first the tensors under a new name, then the manifest that names them, each durably. The manifest
 * is the commit: a crash before its rename leaves the previous checkpoint in force. Older tensor files go last.
 */
export function writeCheckpoint(runFolder: string, state: CheckpointState, tensors: Readonly<Record<string, StoredTensor>>): void {
  const folder = join(runFolder, runFiles.checkpoints);
  const bytes = encodeSafetensors(tensors);
  const name = `stage${state.finished.length + 1}-epoch${state.open?.epoch ?? 0}.safetensors`;
  writeDurably(join(folder, name), bytes);
  const manifest = { format: 1, tensors: name, sha256: createHash('sha256').update(bytes).digest('hex'), ...state };
  writeDurably(join(folder, MANIFEST), Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));
  for (const file of readdirSync(folder)) if (file !== name && file !== MANIFEST) rmSync(join(folder, file), { force: true });
}

/** Reads the last checkpoint; undefined if the run has none. Throws a `UserError` if it is damaged. */
export function readCheckpoint(runFolder: string): Checkpoint | undefined {
  const folder = join(runFolder, runFiles.checkpoints);
  const file = join(folder, MANIFEST);
  if (!existsSync(file)) return undefined;
  try {
    const { tensors, sha256, finished, open } = manifestSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const bytes = readFileSync(join(folder, tensors));
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error(`${tensors} does not match its checksum`);
    return { finished, ...(open ? { open } : {}), tensors: decodeSafetensors(bytes) };
  } catch (error) {
    throw new UserError(`The checkpoint in ${folder} is damaged: ${error instanceof Error ? error.message : String(error)}.`,
      'Start a new run from the same config, or restore the folder from a backup.');
  }
}

/** Copies variables into ordinary memory, named `prefix/name`. */
export async function readVariables(prefix: string, variables: NamedVariables): Promise<Record<string, StoredTensor>> {
  const entries = Object.entries(variables).map(async ([name, variable]) =>
    [`${prefix}/${name}`, { shape: variable.shape, values: Float32Array.from(await variable.data()) }] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Sets variables from stored tensors named `prefix/name`; a missing one or another shape means another model. */
export function assignVariables(prefix: string, variables: NamedVariables, tensors: Readonly<Record<string, StoredTensor>>): void {
  for (const [name, variable] of Object.entries(variables)) {
    const stored = tensors[`${prefix}/${name}`];
    if (!stored || stored.shape.join() !== variable.shape.join()) {
      throw new UserError(`The checkpoint has ${stored ? `shape [${stored.shape.join(', ')}]` : 'nothing'} for ${prefix}/${name}, expected [${variable.shape.join(', ')}].`,
        'It belongs to another version or config; start a new run.');
    }
    tf.tidy(() => variable.assign(tf.tensor(stored.values, variable.shape)));
  }
}
