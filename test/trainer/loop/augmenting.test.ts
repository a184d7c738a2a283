import { afterEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../../../src/core/errors.ts';
import type { Dataset, DatasetContext, Split } from '../../../src/trainer/data/dataset.ts';
import { drawFor } from '../../../src/trainer/data/draw.ts';
import { syntheticArrays } from '../../../src/trainer/datasets/syntheticArrays.ts';
import { metricsOf, smallConfig, trainHere, trainInPieces } from '../session.ts';

const config = smallConfig({
  dataset: { name: 'synthetic-arrays', modalities: 2, train: 48, validation: 32, test: 32 },
  method: { name: 'udi', anchor: 'm1' }, training: { epochs: 2, batchSize: 16, learningRate: 0.05 },
});

/** What was read of the training split: stage by stage, `modality:draw`. */
type Reads = Set<string>;

/** Lets synthetic arrays augment: a modality gets noise that depends on epoch and sample. Reads take `delay` turns of the event loop. */
function augment(modalities: readonly string[], { reads = new Set<string>(), delay = (): number => 0, broken }: { reads?: Reads; delay?: () => number; broken?: number } = {}): void {
  const load = syntheticArrays.load.bind(syntheticArrays);
  vi.spyOn(syntheticArrays, 'load').mockImplementation(async (context: DatasetContext): Promise<Dataset> => {
    const dataset = await load(context);
    const split = (of: Split): Split => ({
      ...of,
      read: async (rows, ids, draw) => {
        for (let turn = delay(); turn > 0; turn--) await new Promise(setImmediate);
        const { inputs } = await of.read(rows, ids, draw);
        if (of.size === 48) for (const id of ids) reads.add(`${id}:${draw}`);
        if (draw === 'clean') return { inputs };
        if (broken !== undefined && rows.includes(broken)) throw new UserError(`Sample "${of.id(broken)}" (train), modality ${ids[0]!}: a.npy: value 0 is NaN.`, 'Mend it.');
        for (const id of ids.filter((each) => modalities.includes(each))) {
          const { values, shape } = inputs[id]!;
          rows.forEach((row, index) => {
            const random = drawFor(context.seed, draw, of.id(row), id);
            for (let at = 0; at < shape[1]!; at++) values[index * shape[1]! + at]! += 0.3 * random.normal();
          });
        }
        return { inputs };
      },
    });
    return {
      ...dataset, modalities: dataset.modalities.map((modality) => ({ ...modality, augments: modalities.includes(modality.id) })),
      fingerprint: `${modalities.join()}`.padEnd(64, '0'), train: split(dataset.train), validation: split(dataset.validation), test: split(dataset.test),
    };
  });
}

afterEach(() => { vi.restoreAllMocks(); });

describe('a dataset that augments', () => {
  it('runs a frozen modality live on what the follower sees where its input changes, and once where it does not', async () => {
    const live: Reads = new Set();
    augment(['m1'], { reads: live });
    const augmented = await trainHere(config);
    expect([...live].sort()).toEqual(['m1:1', 'm1:2', 'm2:1', 'm2:2']);
    vi.restoreAllMocks();
    const stored: Reads = new Set();
    augment(['m2'], { reads: stored });
    await trainHere(config);
    expect([...stored].sort(), 'm1 is read clean once, for what is stored').toEqual(['m1:1', 'm1:2', 'm1:clean', 'm2:1', 'm2:2']);
    for (const counts of Object.values(augmented.tensors)) expect(new Set(counts).size, counts.join(' ')).toBe(1);
  });

  it('gives the same numbers however long each read takes, and stopped after every epoch and resumed', async () => {
    augment(['m1', 'm2']);
    const calm = await trainHere(config);
    vi.restoreAllMocks();
    let turn = 0;
    augment(['m1', 'm2'], { delay: () => (turn++ * 7) % 5 });
    const uneven = await trainHere(config);
    const pieces = await trainInPieces(config);
    for (const { run, weights } of [uneven, pieces]) {
      expect(metricsOf(run)).toEqual(metricsOf(calm.run));
      expect(weights).toEqual(calm.weights);
    }
  });

  it('ends a run whose data cannot be read with sample, file and modality', async () => {
    augment([], { broken: 7 });
    await expect(trainHere(config)).rejects.toThrow('Sample "7" (train), modality m1: a.npy: value 0 is NaN.');
  });
});
