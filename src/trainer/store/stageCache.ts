import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { epochEventSchema, stageEndedEventSchema, type EpochEvent } from '../../core/run/events.ts';
import { systemError } from '../../core/errors.ts';
import { Claim } from './claim.ts';
import { writeDurably } from './durable.ts';
import { readSafetensors, type StoredTensor } from '../../core/files/safetensors.ts';
import { hashFile, type TensorSource, writeSafetensors } from './safetensors.ts';

/** Bytes that all entries together may take; the least recently used ones go first. `UDI_CACHE_LIMIT` (MiB) overrides it. */
const LIMIT = 2 * 1024 ** 3;

const files = { entry: 'entry.json', tensors: 'tensors.safetensors' } as const;
const entrySchema = z.object({
  format: z.literal(1),
  sha256: z.string(),
  /** The run that trained the stage. */
  run: z.string(),
  epochs: z.array(epochEventSchema),
  ended: stageEndedEventSchema.pick({ keptEpoch: true, reason: true, validation: true }),
});
type Entry = z.infer<typeof entrySchema>;

/** The outcome of a stage: what the journal says of it, and the variables it moved. */
export interface StageOutcome {
  readonly run: string;
  readonly epochs: readonly EpochEvent[];
  readonly ended: Entry['ended'];
  readonly tensors: Readonly<Record<string, StoredTensor>>;
}

/** Another living trainer has the stage. */
class Held extends Error {
  override readonly name = 'Held';
}

/** The cache that belongs to a run: beside the folder of the runs, `.udi/cache`, or inside a folder of another name. */
export function cacheFolder(runFolder: string): string {
  const runs = dirname(runFolder);
  return basename(dirname(runs)) === '.udi' ? join(dirname(runs), 'cache') : join(runs, '.cache');
}

/**
 * Outcomes of stages by the hash of everything that determines them, shared by the runs of a workspace. An entry is a
 * folder that appears in one step (rename), so there are no half-written ones, whoever is killed when.
 */
export class StageCache {
  constructor(readonly folder: string, private readonly limit = Number(process.env['UDI_CACHE_LIMIT'] ?? 0) * 1024 ** 2 || LIMIT) {}

  /**
   * The outcome under this key; undefined if there is none, if it cannot be read now (it stays), or if it is damaged: of
   * another format, or not what its checksum says (it is removed then).
   */
  read(key: string): StageOutcome | undefined {
    const folder = join(this.folder, key);
    if (!existsSync(folder)) return undefined;
    try {
      const { sha256, run, epochs, ended } = entrySchema.parse(JSON.parse(readFileSync(join(folder, files.entry), 'utf8')));
      const tensors = join(folder, files.tensors);
      if (hashFile(tensors) !== sha256) throw new Error('checksum');
      const outcome = { run, epochs, ended, tensors: readSafetensors(tensors) };
      markUsed(folder);
      return outcome;
    } catch (error) {
      // Too many open files, no permission, a disk that fails: that says nothing about what is stored.
      if (!systemError(error)) this.remove(key);
      return undefined;
    }
  }

  /** Stores an outcome, unless the key has one already, and makes room by removing what was not used for longest. */
  async write(key: string, outcome: Omit<StageOutcome, 'tensors'>, tensors: readonly TensorSource[]): Promise<void> {
    const temporary = join(this.folder, `.${key}.${process.pid}`);
    mkdirSync(temporary, { recursive: true });
    try {
      const sha256 = await writeSafetensors(join(temporary, files.tensors), tensors);
      writeDurably(join(temporary, files.entry), Buffer.from(JSON.stringify({ format: 1, sha256, ...outcome })));
      renameSync(temporary, join(this.folder, key));
    } catch (error) {
      if (!existsSync(join(this.folder, key))) throw error;
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    this.evict(key);
  }

  /**
   * Says that this process trains the stage: returns the function that ends the claim, or undefined while another living
   * trainer holds it. `paused` tells whether the owner stands still; then the claim is not renewed and expires.
   */
  claim(key: string, paused: () => boolean): (() => void) | undefined {
    mkdirSync(this.folder, { recursive: true });
    try {
      const claim = new Claim(join(this.folder, `${key}.lock`), { refuse: () => new Held(), idle: paused });
      return () => claim.release();
    } catch (error) {
      if (error instanceof Held) return undefined;
      throw error;
    }
  }

  /** Number of entries and bytes that they take. */
  size(): { entries: number; bytes: number } {
    const entries = this.entries();
    return { entries: entries.length, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  /** Removes all entries; claims stay with the trainers that hold them. Returns what was removed. */
  clear(): { entries: number; bytes: number } {
    const size = this.size();
    for (const { key } of this.entries()) this.remove(key);
    return size;
  }

  private evict(newest: string): void {
    const entries = this.entries().sort((a, b) => a.used - b.used);
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { key, bytes } of entries) {
      if (total <= this.limit) return;
      if (key === newest) continue;
      this.remove(key);
      total -= bytes;
    }
  }

  private entries(): { key: string; bytes: number; used: number }[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder).filter((name) => /^[0-9a-f]{64}$/.test(name)).flatMap((key) => {
      try {
        const folder = join(this.folder, key);
        const bytes = Object.values(files).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
        return [{ key, bytes, used: statSync(folder).mtimeMs }];
      } catch {
        // Another trainer has just removed it.
        return [];
      }
    });
  }

  /** In two steps, so that nobody ever reads an entry of which a part is gone. */
  private remove(key: string): void {
    const grave = join(this.folder, `.${key}.${process.pid}.removed`);
    try {
      renameSync(join(this.folder, key), grave);
    } catch {
      return;
    }
    rmSync(grave, { recursive: true, force: true });
  }
}

/** What was not used for longest makes room first; whose folder it is does not matter. */
function markUsed(folder: string): void {
  try {
    const now = new Date();
    utimesSync(folder, now, now);
  } catch {
    // The folder is somebody else's, or may only be read.
  }
}
