import type { DataId, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { runFiles } from '../../core/run/runStore.ts';
import { writeDurably } from './durable.ts';
import type { NamedVariables } from '../model/module.ts';
import { SafetensorsFile, type StoredTensor } from '../../core/files/safetensors.ts';
import { hashFile, type TensorSource, writeSafetensors } from './safetensors.ts';

const state = {
  /** Ids of the finished stages, in order; their results are in the journal. */
  finished: z.array(z.string()),
  /** The stage in training and its epochs that are done. Absent between two stages. */
  open: z.object({ stage: z.string(), epoch: z.int() }).optional(),
};
const fileName = z.string().refine((name) => basename(name) === name && name !== '', 'is no name of a file');
const manifestSchema = z.discriminatedUnion('format', [
  z.object({ format: z.literal(1), tensors: fileName, sha256: z.string(), ...state }),
  z.object({
    format: z.literal(2),
    /** `tensors` maps names of the checkpoint (`model/…`, `optimizer/…`, `stage/…`, `best/…`) to names in the file. */
    files: z.array(z.object({ file: fileName, sha256: z.string(), tensors: z.record(z.string(), z.string()) })),
    ...state,
  }),
]);

/** Where a run stands, beside its tensors. */
export interface CheckpointState {
  readonly finished: readonly string[];
  readonly open?: { readonly stage: string; readonly epoch: number } | undefined;
}

/** Variables of a checkpoint by what they belong to: the model, the open stage's optimizer, and the stage's own. */
export type CheckpointParts = Readonly<Partial<Record<'model' | 'optimizer' | 'stage', NamedVariables>>>;

/** The variables of the model whose values are the best epoch's from now on, or whether the best epoch stays the one it was. */
export type BestOfCheckpoint = NamedVariables | 'same' | 'none';

/** Where a tensor is stored. */
interface Place {
  readonly file: string;
  readonly key: string;
}

/** Values on their way to a file: a clone keeps them, whatever the variable is assigned meanwhile. */
interface Snapshot {
  readonly name: string;
  readonly source: DataId;
  readonly clone: Tensor;
}

/** A checkpoint to be written. */
interface Draft {
  readonly state: CheckpointState;
  readonly places: ReadonlyMap<string, Place>;
  readonly files: ReadonlyMap<string, readonly Snapshot[]>;
}

const MANIFEST = 'checkpoint.json';
/** Names that this and the former format gave to files, and temporary ones of both. */
const ownFile = /^stage\d+-epoch\d+(-weights|-state|-kept)?\.safetensors(\.tmp)?$/;

/**
 * The checkpoints of a run. A new one writes only tensors that have changed since they were last written: weights into one file,
 * the state of optimizer and stage into another; the manifest names the file of every tensor. The best epoch's weights are those
 * that were written with the model of that epoch. Files are written while training goes on; the manifest, renamed into place
 * last, is the commit: a crash at any moment leaves the previous checkpoint in force, with all its files.
 */
export class Checkpoints {
  /** Where the run left off when the folder was opened; undefined for a run without a checkpoint. */
  readonly resumed: CheckpointState | undefined;
  private readonly folder: string;
  private places: ReadonlyMap<string, Place> = new Map();
  private readonly hashes = new Map<string, string>();
  /** Where the values of variables are stored. tfjs never changes data in place: an assignment gives a variable other data. */
  private stored = new WeakMap<DataId, Place>();
  private writing: Promise<void> | undefined;
  private failure: { readonly error: unknown } | undefined;

  /** Reads the last checkpoint's manifest and checks its files; throws a `UserError` if it is damaged. */
  constructor(runFolder: string) {
    this.folder = join(runFolder, runFiles.checkpoints);
    const file = join(this.folder, MANIFEST);
    if (existsSync(file)) this.resumed = this.guarded(() => this.open(readFileSync(file, 'utf8')));
  }

  /** Sets variables to what the last checkpoint has under `prefix`; a missing tensor or another shape means another model. */
  restore(prefix: 'model' | 'optimizer' | 'stage' | 'best', variables: NamedVariables): void {
    this.guarded(() => {
      const files = new Map<string, SafetensorsFile>();
      try {
        assignVariables(prefix, variables, (name) => {
          const place = this.places.get(name);
          if (!place) return undefined;
          const file = files.get(place.file) ?? new SafetensorsFile(join(this.folder, place.file));
          files.set(place.file, file);
          return file.read(place.key);
        });
      } finally {
        for (const file of files.values()) file.close();
      }
    });
    for (const [name, variable] of Object.entries(variables)) this.stored.set(variable.dataId, this.places.get(`${prefix}/${name}`)!);
  }

  /** The same for the weights of the best epoch; waits until they are written. */
  async restoreBest(variables: NamedVariables): Promise<void> {
    await this.flush();
    this.restore('best', variables);
  }

  /**
   * Begins to write a checkpoint of the variables as they are now, after the one before is done.
   * @throws what kept the checkpoint before from being written (`UserError` for a full disk)
   */
  async save(state: CheckpointState, parts: CheckpointParts, best: BestOfCheckpoint): Promise<void> {
    await this.flush();
    const label = `stage${state.finished.length + 1}-epoch${state.open?.epoch ?? 0}`;
    const places = new Map<string, Place>();
    if (best === 'same') for (const [name, place] of this.places) if (name.startsWith('best/')) places.set(name, place);
    const files = new Map<string, Snapshot[]>();
    const write = (name: string, variable: Tensor, kind: 'weights' | 'state' | 'kept'): void => {
      const file = `${label}-${kind}.safetensors`;
      places.set(name, { file, key: name });
      files.set(file, [...files.get(file) ?? [], { name, source: variable.dataId, clone: tf.keep(tf.clone(variable)) }]);
    };
    const unchanged: { name: string; variable: Tensor; place: Place }[] = [];
    for (const [part, variables] of Object.entries(parts)) {
      for (const [name, variable] of Object.entries(variables)) {
        const place = this.stored.get(variable.dataId);
        if (place) unchanged.push({ name: `${part}/${name}`, variable, place });
        else write(`${part}/${name}`, variable, part === 'model' ? 'weights' : 'state');
      }
    }
    // A file of which little is still of use goes: what it has left gets a file of its own, where it can stay as it is.
    for (const [file, left] of groupedBy(unchanged, ({ place }) => place.file)) {
      const bytes = left.reduce((sum, { variable }) => sum + 4 * variable.size, 0);
      const moves = 2 * bytes < this.sizeOf(file) && ![...places.values()].some((place) => place.file === file);
      for (const { name, variable, place } of left) if (moves) write(name, variable, 'kept'); else places.set(name, place);
    }
    for (const name of typeof best === 'object' ? Object.keys(best) : []) places.set(`best/${name}`, places.get(`model/${name}`)!);
    this.writing = this.write({ state, places, files }).catch((error: unknown) => { this.failure = { error }; });
  }

  /** Waits until the last checkpoint is written; throws what kept it from being. */
  async flush(): Promise<void> {
    await this.writing;
    this.writing = undefined;
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure.error;
  }

  private async write({ state, places, files }: Draft): Promise<void> {
    try {
      for (const [file, snapshots] of files) {
        this.hashes.set(file, await writeSafetensors(join(this.folder, file), snapshots.map(({ name, clone }): TensorSource => ({
          name, shape: clone.shape,
          values: async () => {
            const values = await clone.data() as Float32Array;
            clone.dispose();
            return values;
          },
        }))));
      }
    } finally {
      for (const { clone } of [...files.values()].flat()) clone.dispose();
    }
    const used = groupedBy([...places], ([, { file }]) => file);
    const manifest = {
      format: 2, ...state,
      files: [...used].map(([file, tensors]) => (
        { file, sha256: this.hashes.get(file)!, tensors: Object.fromEntries(tensors.map(([name, { key }]) => [name, key])) })),
    };
    writeDurably(join(this.folder, MANIFEST), Buffer.from(`${JSON.stringify(manifest, null, 1)}\n`));
    this.places = places;
    for (const { name, source } of [...files.values()].flat()) this.stored.set(source, places.get(name)!);
    for (const file of this.hashes.keys()) if (!used.has(file)) this.hashes.delete(file);
    for (const file of readdirSync(this.folder)) if (ownFile.test(file) && !used.has(file)) rmSync(join(this.folder, file), { force: true });
  }

  private open(text: string): CheckpointState {
    const manifest = manifestSchema.parse(JSON.parse(text));
    const places = new Map<string, Place>();
    const files = manifest.format === 2 ? manifest.files : [{ file: manifest.tensors, sha256: manifest.sha256, tensors: undefined }];
    for (const { file, sha256, tensors } of files) {
      if (hashFile(join(this.folder, file)) !== sha256) throw new Error(`${file} does not match its checksum`);
      this.hashes.set(file, sha256);
      for (const [name, key] of Object.entries(tensors ?? namesIn(join(this.folder, file)))) places.set(name, { file, key });
    }
    this.places = places;
    return { finished: manifest.finished, ...(manifest.open ? { open: manifest.open } : {}) };
  }

  private sizeOf(file: string): number {
    return statSync(join(this.folder, file)).size;
  }

  private guarded<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`The checkpoint in ${this.folder} is damaged: ${error instanceof Error ? error.message : String(error)}.`,
        'Start a new run from the same config, or restore the folder from a backup.');
    }
  }
}

function groupedBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item); else groups.set(key(item), [item]);
  }
  return groups;
}

/** Names of a file whose tensors have the names of the checkpoint. */
function namesIn(path: string): Record<string, string> {
  const file = new SafetensorsFile(path);
  file.close();
  return Object.fromEntries(file.names.map((name) => [name, name]));
}

/** Variables to be written as they are when their turn comes, named `prefix/name`. */
export function variableSources(variables: NamedVariables, prefix = ''): TensorSource[] {
  return Object.entries(variables).map(([name, variable]) => (
    { name: `${prefix}${name}`, shape: variable.shape, values: async () => await variable.data() as Float32Array }));
}

/** Sets variables from stored tensors named `prefix/name`; a missing one or another shape means another model. */
export function assignVariables(prefix: string, variables: NamedVariables, stored: (name: string) => StoredTensor | undefined): void {
  for (const [name, variable] of Object.entries(variables)) {
    const tensor = stored(`${prefix}/${name}`);
    if (!tensor || tensor.shape.join() !== variable.shape.join()) {
      throw new UserError(`The checkpoint has ${tensor ? `shape [${tensor.shape.join(', ')}]` : 'nothing'} for ${prefix}/${name}, expected [${variable.shape.join(', ')}].`,
        'It belongs to another version or config; start a new run.');
    }
    tf.tidy(() => variable.assign(tf.tensor(tensor.values, variable.shape, 'float32')));
  }
}
