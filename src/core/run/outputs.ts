import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText, UserError } from '../errors.ts';
import { parseJson } from '../files/jsonFile.ts';
import { SafetensorsFile } from '../files/safetensors.ts';
import { runFiles } from './runStore.ts';

/** Key of the metadata in the header of the file. */
export const OUTPUTS_KEY = 'outputs';

/** Metadata of a file of outputs: what its rows and columns are. */
export const outputsMetadataSchema = z.object({
  format: z.literal(1),
  split: z.string(),
  /** Classes in the order of the columns of logits. */
  classes: z.array(z.string()),
  /** Name of every sample within its dataset, in the order of the rows. */
  ids: z.array(z.string()),
});
export type OutputsMetadata = z.infer<typeof outputsMetadataSchema>;

/** Values [N, columns], row-major. */
export interface OutputRows {
  readonly columns: number;
  readonly values: Float32Array;
}

/** What a trained model says about every sample of a split. */
export interface SampleOutputs extends OutputsMetadata {
  /** Class index of every sample. */
  readonly labels: Int32Array;
  /** Logits by target (modalities, `fusion`): [N, C]. */
  readonly logits: Readonly<Record<string, OutputRows>>;
  /** Features by modality: [N, D]; empty if none were stored. */
  readonly features: Readonly<Record<string, OutputRows>>;
  /** By modality, where samples lack it: 1 for those that have it. The rows of the others mean nothing. */
  readonly present: Readonly<Record<string, Float32Array>>;
}

/** The file with the outputs of a run on a split. */
export function outputsFile(folder: string, split: string): string {
  return join(folder, runFiles.outputs, `${split}.safetensors`);
}

/**
 * Reads the outputs of a run on a split; undefined if there are none.
 * @throws UserError if the file is damaged, or says something else than its metadata
 */
export function readOutputs(folder: string, split: string): SampleOutputs | undefined {
  const path = outputsFile(folder, split);
  if (!existsSync(path)) return undefined;
  try {
    const file = new SafetensorsFile(path);
    try {
      return outputsOf(file);
    } finally {
      file.close();
    }
  } catch (error) {
    throw new UserError(`${path} cannot be used: ${errorText(error)}.`, 'Remove it; it is not needed to show or resume the run.');
  }
}

function outputsOf(file: SafetensorsFile): SampleOutputs {
  const metadata = parseJson(file.metadata[OUTPUTS_KEY] ?? '', outputsMetadataSchema);
  if (!metadata) throw new Error(`its metadata "${OUTPUTS_KEY}" is missing or of another format`);
  const samples = metadata.ids.length;
  const rows = (name: string, columns?: number): OutputRows => {
    const { shape, values } = file.read(name);
    if (shape.length !== 2 || shape[0] !== samples || (columns !== undefined && shape[1] !== columns)) {
      throw new Error(`${name} is of shape [${shape.join(', ')}], where [${samples}, ${columns ?? 'any'}] is right`);
    }
    return { columns: shape[1]!, values: Float32Array.from(values) };
  };
  const each = <T>(kind: string, read: (name: string) => T): Record<string, T> => Object.fromEntries(
    file.names.filter((name) => name.startsWith(`${kind}.`)).map((name) => [name.slice(kind.length + 1), read(name)]));
  return {
    ...metadata,
    labels: Int32Array.from(rows('labels', 1).values),
    logits: each('logits', (name) => rows(name, metadata.classes.length)),
    features: each('features', (name) => rows(name)),
    present: each('present', (name) => rows(name, 1).values),
  };
}
