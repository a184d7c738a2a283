import { colorNormalization, createNormalizationTable, createTintTable, grayNormalization } from './color.ts';
import type { Dataset, ModalityInfo } from '../data/dataset.ts';
import { memoryDataset, type MemoryDataset } from '../data/inMemory.ts';

/** Height and width of a digit image. */
export const digitSize = 28;

const pixels = digitSize * digitSize;

/** The two views of a colored digit. */
export const digitModalities: readonly ModalityInfo[] = [
  { id: 'gray', kind: 'image', shape: [digitSize, digitSize, 1], dtype: 'float32', augments: false, encoder: 'cgmnist' },
  { id: 'color', kind: 'image', shape: [digitSize, digitSize, 3], dtype: 'float32', augments: false, encoder: 'cgmnist' },
];

/** Names of the ten classes. */
export const digitClasses: readonly string[] = Array.from({ length: 10 }, (_, digit) => String(digit));

/** Samples as they are kept in memory: 28 x 28 gray levels, three bytes of color and the class of each. */
export interface ColoredDigits {
  readonly gray: Uint8Array;
  readonly colors: Uint8Array;
  readonly labels: Int32Array;
}

/** Copies the given rows, so that the pool they come from can be freed. */
export function takeDigits(pool: ColoredDigits, rows: Int32Array): ColoredDigits {
  const gray = new Uint8Array(rows.length * pixels);
  const colors = new Uint8Array(rows.length * 3);
  rows.forEach((row, index) => {
    gray.set(pool.gray.subarray(row * pixels, (row + 1) * pixels), index * pixels);
    colors.set(pool.colors.subarray(row * 3, row * 3 + 3), index * 3);
  });
  return { gray, colors, labels: rows.map((row) => pool.labels[row]!) };
}

/** The dataset with the modalities gray and color of the given digits; tinted and normalised batch by batch. */
export function createDigitDataset(
  id: string, parts: Readonly<Record<'train' | 'validation' | 'test', ColoredDigits>>,
): Dataset {
  return memoryDataset({
    id, modalities: digitModalities, classes: digitClasses, samples: parts,
    bytes: ({ labels, gray, colors }) => [labels, gray, colors],
    split: splitFactory(),
    preprocessing: { grayNormalization, colorNormalization },
  });
}

function splitFactory(): MemoryDataset<ColoredDigits>['split'] {
  const tint = createTintTable();
  const level = createNormalizationTable(grayNormalization.mean, grayNormalization.std);
  const [red, green, blue] = ([0, 1, 2] as const).map((channel) =>
    createNormalizationTable(colorNormalization.mean[channel], colorNormalization.std[channel])) as
    [Float32Array, Float32Array, Float32Array];

  const grayInputs = ({ gray }: ColoredDigits, indices: ArrayLike<number>): Float32Array => {
    const inputs = new Float32Array(indices.length * pixels);
    for (let row = 0, to = 0; row < indices.length; row++) {
      const from = indices[row]! * pixels;
      for (let pixel = 0; pixel < pixels; pixel++) inputs[to++] = level[gray[from + pixel]!]!;
    }
    return inputs;
  };

  const colorInputs = ({ gray, colors }: ColoredDigits, indices: ArrayLike<number>): Float32Array => {
    const inputs = new Float32Array(indices.length * pixels * 3);
    for (let row = 0, to = 0; row < indices.length; row++) {
      const from = indices[row]! * pixels;
      const color = indices[row]! * 3;
      const [r, g, b] = [colors[color]! * 256, colors[color + 1]! * 256, colors[color + 2]! * 256];
      for (let pixel = 0; pixel < pixels; pixel++) {
        const shade = gray[from + pixel]!;
        inputs[to++] = red[tint[r + shade]!]!;
        inputs[to++] = green[tint[g + shade]!]!;
        inputs[to++] = blue[tint[b + shade]!]!;
      }
    }
    return inputs;
  };

  return (digits) => ({
    labels: digits.labels,
    inputs: (modality, rows) => (modality === 'gray' ? grayInputs(digits, rows) : colorInputs(digits, rows)),
  });
}
