import type { NumberSpec } from '../../core/config/hparams.ts';
import type { Random } from '../../core/random.ts';

/** The mean color of every class, 8 bit RGB (supplement of Kim et al. 2019, "Learning Not to Learn"). */
export const meanColors: readonly (readonly [number, number, number])[] = [
  [220, 20, 60], [0, 128, 128], [253, 233, 16], [0, 149, 182], [237, 145, 33],
  [145, 30, 188], [70, 240, 240], [250, 197, 187], [210, 245, 60], [128, 0, 0],
];

/** Normalisation of the gray level on the 0..1 scale. */
export const grayNormalization = { mean: 0.1307, std: 0.3081 } as const;

/** Normalisation of red, green and blue on the 0..1 scale (loader of fanyunfeng-bit/Modal-Imbalance-PMR). */
export const colorNormalization = { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] } as const;

/** The setting `variance` of every dataset whose digits are colored. */
export const varianceSpec: NumberSpec = {
  type: 'number', default: 0.03, min: 0, max: 1,
  help: 'Variance of the colors around their means, on the 0..1 scale; the smaller, the surer a color tells the class.',
  source: 'file name mnist_10color_jitter_var_0.030.npy in fanyunfeng-bit/Modal-Imbalance-PMR',
};

/** A color (three bytes) around the mean color of each of the given classes; a channel outside 0..1 is drawn again. */
export function drawColors(classes: ArrayLike<number>, variance: number, random: Random): Uint8Array {
  const deviation = Math.sqrt(variance);
  const colors = new Uint8Array(classes.length * 3);
  for (let row = 0; row < classes.length; row++) {
    const mean = meanColors[classes[row]!]!;
    for (let channel = 0; channel < 3; channel++) {
      let value: number;
      do value = mean[channel]! / 255 + deviation * random.normal();
      while (value < 0 || value > 1);
      colors[row * 3 + channel] = Math.floor(255 * value + 0.5);
    }
  }
  return colors;
}

/** The test rule: `count` colors, each around a mean color picked at random, so that they say nothing about a class. */
export function drawIndependentColors(count: number, variance: number, random: Random): Uint8Array {
  const picked = Int32Array.from({ length: count }, () => random.integer(meanColors.length));
  return drawColors(picked, variance, random);
}

/** `round(level * channel / 255)` for all pairs of bytes, at `channel * 256 + level`. */
export function createTintTable(): Uint8Array {
  const table = new Uint8Array(256 * 256);
  for (let channel = 0; channel < 256; channel++) {
    for (let level = 0; level < 256; level++) {
      table[channel * 256 + level] = Math.floor((2 * level * channel + 255) / 510);
    }
  }
  return table;
}

/** `(byte / 255 - mean) / std` for every byte. */
export function createNormalizationTable(mean: number, std: number): Float32Array {
  return Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - mean) / std);
}
