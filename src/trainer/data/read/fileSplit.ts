import { UserError } from '../../../core/errors.ts';
import type { HostInput, ModalityInfo, Split } from '../dataset.ts';
import type { BufferRing } from './bufferRing.ts';
import type { Readers } from './readers.ts';
import type { ReadItem, Source } from './task.ts';

/** One sample of a split that lies in files. */
export interface FileSample {
  readonly id: string;
  readonly label: number;
  /** By modality: where its values are, and their shape; absent: the sample lacks it. */
  readonly cells: Readonly<Record<string, { readonly source: Source; readonly shape: readonly number[] } | undefined>>;
}

/** What the splits of a dataset share. */
export interface FileReading {
  readonly modalities: readonly ModalityInfo[];
  readonly readers: Readers;
  readonly ring: BufferRing;
}

/** A split whose samples are read from files when they are wanted; nothing is kept but the list of them. Nothing is augmented. */
export function fileSplit(name: string, samples: readonly FileSample[], { modalities, readers, ring }: FileReading): Split {
  const presence = new Map(modalities.map(({ id }) => {
    const present = Uint8Array.from(samples, ({ cells }) => (cells[id] ? 1 : 0));
    return [id, present.includes(0) ? present : undefined];
  }));
  const infoOf = (id: string): ModalityInfo => {
    const found = modalities.find((each) => each.id === id);
    if (!found) throw new Error(`There is no modality "${id}"`);
    return found;
  };
  return {
    size: samples.length,
    labels: Int32Array.from(samples, ({ label }) => label),
    id: (row) => samples[row]!.id,
    present: (modality) => presence.get(modality),
    read: async (rows, ids) => {
      const layouts = ids.map((id) => layOut(infoOf(id), Array.from(rows, (row) => samples[row]!)));
      const slot = ring.take(layouts.reduce((sum, { size }) => sum + 4 * size, 0));
      try {
        let at = 0;
        const inputs: Record<string, HostInput> = {};
        const items: (ReadItem & { readonly sample: string; readonly modality: string })[] = [];
        for (const { info, shape, size, cells } of layouts) {
          const values = info.dtype === 'int32' ? new Int32Array(slot.buffer, at, size) : new Float32Array(slot.buffer, at, size);
          at += 4 * size;
          const length = size / rows.length;
          cells.forEach((cell, index) => {
            if (cell) items.push({ source: cell.source, target: values.subarray(index * length, index * length + sizeOf(cell.shape)), sample: samples[rows[index]!]!.id, modality: info.id });
          });
          inputs[info.id] = { values, shape, ...(info.masked ? { mask: maskOf(cells, shape[1]!) } : {}), ...(presence.get(info.id) ? { present: Uint8Array.from(cells, (cell) => (cell ? 1 : 0)) } : {}) };
        }
        const failure = await readers.read(items.map(({ source, target }) => ({ source, target })));
        if (failure) {
          const { sample, modality } = items[failure.index]!;
          throw new UserError(`Sample "${sample}" (${name}), modality ${modality}: ${failure.message}`, failure.hint);
        }
        return { inputs, release: slot.release };
      } catch (error) {
        slot.release();
        throw error;
      }
    },
  };
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, length) => size * length, 1);

/** How a modality of these samples lies in memory: a varying first axis is as long as the longest of them. */
function layOut(info: ModalityInfo, samples: readonly FileSample[]) {
  const cells = samples.map((sample) => sample.cells[info.id]);
  const longest = Math.max(1, ...cells.map((cell) => cell?.shape[0] ?? 1));
  const shape = [samples.length, ...info.shape.map((length) => length ?? longest)];
  return { info, cells, shape, size: sizeOf(shape) };
}

function maskOf(cells: readonly ({ readonly shape: readonly number[] } | undefined)[], longest: number): Uint8Array {
  const mask = new Uint8Array(cells.length * longest);
  cells.forEach((cell, index) => { if (cell) mask.fill(1, index * longest, index * longest + cell.shape[0]!); });
  return mask;
}
