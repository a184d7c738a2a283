import type { HParamSpecs, ValuesOf } from '../../core/config/hparams.ts';
import { createRandom, seedFor, type Random } from '../../core/random.ts';
import { defineDataset, type ModalityInfo } from '../data/dataset.ts';
import { memoryDataset, takeRows } from '../data/inMemory.ts';

const settings = {
  modalities: { type: 'number', default: 3, integer: true, min: 1, max: 16, help: 'Number of modalities: m1, m2, ...' },
  classes: { type: 'number', default: 4, integer: true, min: 2, max: 100, help: 'Number of classes.' },
  dimension: { type: 'number', default: 8, integer: true, min: 1, max: 1024, help: 'Values of each modality.' },
  train: { type: 'number', default: 256, integer: true, min: 2, max: 100_000, help: 'Training samples.' },
  validation: { type: 'number', default: 128, integer: true, min: 2, max: 100_000, help: 'Validation samples.' },
  test: { type: 'number', default: 128, integer: true, min: 2, max: 100_000, help: 'Test samples.' },
  signal: {
    type: 'number', default: 3, min: 0, max: 100,
    help: 'Length of a class mean of m1 beside noise of variance 1; the larger, the easier.',
  },
  decay: {
    type: 'number', default: 0.5, min: 0, max: 1,
    help: 'Signal of each modality over that of the one before it; below 1, m1 is the anchor.',
  },
} as const satisfies HParamSpecs;

type Settings = ValuesOf<typeof settings>;

/** Gaussian clusters as flat vectors: small enough for tests, any number of modalities, each weaker than the last. */
export const syntheticArrays = defineDataset({
  id: 'synthetic-arrays',
  label: 'Synthetic arrays (for tests)',
  source: 'this project: the same unit class means in every modality, scaled down from one to the next, in unit noise',
  settings,
  modalitiesVary: true,
  modalities: (values) => modalitiesOf(values).map(({ id }) => id),
  load(context) {
    const options = context.settings;
    const modalities = modalitiesOf(options);
    const random = (purpose: string) => createRandom(seedFor(`arrays:${purpose}`, context.seed));
    const means = drawMeans(options, random('means'));
    const make = (name: 'train' | 'validation' | 'test') => drawSamples(options[name], options, means, random(name));
    const samples = { train: make('train'), validation: make('validation'), test: make('test') };
    return Promise.resolve(memoryDataset<Samples>({
      id: 'synthetic-arrays', modalities, samples,
      classes: Array.from({ length: options.classes }, (_, index) => String(index)),
      bytes: ({ labels, values }) => [labels, ...values],
      split: ({ labels, values }) => ({
        labels, inputs: (modality, rows) => takeRows(values[modalities.findIndex(({ id }) => id === modality)]!, rows, options.dimension),
      }),
    }));
  },
});

/** Classes and, by modality, the values of all samples row by row. */
interface Samples {
  readonly labels: Int32Array;
  readonly values: readonly Float32Array[];
}

function modalitiesOf({ modalities, dimension }: Settings): readonly ModalityInfo[] {
  const describe = (index: number): ModalityInfo => ({
    id: `m${index + 1}`, kind: 'vector', shape: [dimension], dtype: 'float32', augments: false, encoder: 'mlp',
  });
  return Array.from({ length: modalities }, (_, index) => describe(index));
}

function drawMeans({ classes, dimension }: Settings, random: Random): Float64Array[] {
  return Array.from({ length: classes }, () => {
    const direction = Float64Array.from({ length: dimension }, () => random.normal());
    const length = Math.sqrt(direction.reduce((sum, value) => sum + value * value, 0));
    return direction.map((value) => value / length);
  });
}

function drawSamples(size: number, options: Settings, means: readonly Float64Array[], random: Random): Samples {
  const labels = random.shuffle(Int32Array.from({ length: size }, (_, row) => row % options.classes));
  const values = Array.from({ length: options.modalities }, (_, modality) => {
    const signal = options.signal * options.decay ** modality;
    return Float32Array.from({ length: size * options.dimension }, (_, at) => {
      const mean = means[labels[Math.floor(at / options.dimension)]!]!;
      return signal * mean[at % options.dimension]! + random.normal();
    });
  });
  return { labels, values };
}
