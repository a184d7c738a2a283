import * as tf from '@tensorflow/tfjs-core';
import { statSync } from 'node:fs';
import { errorText, UserError } from '../../core/errors.ts';
import type { NamedVariables, Pretrained } from '../model/module.ts';
import { SafetensorsFile, type StoredTensor } from '../../core/files/safetensors.ts';
import { hashFile } from './safetensors.ts';

/** What files put before the names of an encoder's tensors. */
const wrappers = ['module', 'model', 'encoder', 'backbone'];
/** PyTorch counts batches in every batch norm; nobody needs the number. */
const counter = /(^|\.)num_batches_tracked$/;
/** Names that a message lists at most. */
const LISTED = 12;

/**
 * Pre-trained weights of a modality's encoder in a safetensors file: the `model.safetensors` of a run, or a file of a PyTorch module
 * with the same names (convolutions [out, in, height, width], matrices [out, in]; `module.`, `model.`, `encoder.` and `backbone.`
 * before a name are taken off). Throws a `UserError` if the file cannot be read.
 */
export function openPretrained(path: string, modality: string): Pretrained {
  const place = `The weights of ${modality} (${path})`;
  const stampOf = (): string => {
    const { size, mtimeMs } = statSync(path);
    return `${size} ${mtimeMs}`;
  };
  return readable(place, () => {
    const stamp = stampOf();
    const sha256 = hashFile(path);
    let unused: readonly string[] = [];
    return {
      path, sha256,
      get unused() { return unused; },
      load: (variables) => {
        // A branch can be begun anew at any time of a run.
        if (readable(place, stampOf) !== stamp) throw new UserError(`${place} have changed since the run began.`, 'Put the file back, or start a new run.');
        const file = readable(place, () => new SafetensorsFile(path));
        try {
          unused = assign(place, file, modality, variables);
        } finally {
          file.close();
        }
      },
    };
  });
}

/** Gives the variables their values; returns the names of the file that none has taken. */
function assign(place: string, file: SafetensorsFile, modality: string, variables: NamedVariables): string[] {
  // A run's own file says with which config it was made, and has our order of axes.
  const own = 'config' in file.metadata;
  const names = new Map(file.names.map((name) => [bareName(name, modality), name]));
  const wrong: string[] = [];
  for (const [name, variable] of Object.entries(variables)) {
    const stored = names.get(name);
    const wanted = own ? variable.shape : reversedAxes(variable.shape);
    if (stored === undefined) wrong.push(`${name} is missing`);
    else if (file.shapeOf(stored)!.join() !== wanted.join()) wrong.push(`${stored} is [${file.shapeOf(stored)!.join(', ')}] instead of [${wanted.join(', ')}]`);
  }
  if (wrong.length > 0) throw new UserError(`${place} do not fit the encoder: ${listed(wrong, '; ')}.`, `The file has: ${listed(file.names)}.`);
  for (const [name, variable] of Object.entries(variables)) {
    const tensor = readable(place, () => file.read(names.get(name)!));
    tf.tidy(() => variable.assign(own ? tf.tensor(tensor.values, tensor.shape as number[], 'float32') : fromPyTorch(tensor)));
  }
  const taken = new Set(Object.keys(variables).map((name) => names.get(name)));
  return file.names.filter((name) => !taken.has(name) && !counter.test(name));
}

/** A list that is cut where it gets long. */
export function listed(names: readonly string[], separator = ', '): string {
  return names.length <= LISTED ? names.join(separator) : `${names.slice(0, LISTED).join(separator)}${separator}and ${names.length - LISTED} more`;
}

function bareName(name: string, modality: string): string {
  const [first = '', ...rest] = name.split('.');
  return rest.length > 0 && (wrappers.includes(first) || first === modality) ? bareName(rest.join('.'), modality) : name;
}

/** Our convolutions are [height, width, in, out] and our matrices [in, out]. */
function reversedAxes(shape: readonly number[]): readonly number[] {
  if (shape.length === 4) return [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
  return shape.length === 2 ? [shape[1]!, shape[0]!] : shape;
}

function fromPyTorch({ values, shape }: StoredTensor): tf.Tensor {
  const tensor = tf.tensor(values, shape as number[], 'float32');
  return shape.length === 4 ? tf.transpose(tensor, [2, 3, 1, 0]) : shape.length === 2 ? tf.transpose(tensor) : tensor;
}

function readable<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${place} cannot be read: ${errorText(error)}.`, 'model.encoder.weights is the path of a safetensors file; a relative one starts from the folder of the config.');
  }
}
