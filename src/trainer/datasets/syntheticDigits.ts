import type { HParamSpecs, NumberSpec } from '../../core/config/hparams.ts';
import { createRandom, seedFor } from '../../core/random.ts';
import { drawColors, drawIndependentColors, varianceSpec } from './color.ts';
import { createDigitDataset, digitModalities, type ColoredDigits } from './coloredDigits.ts';
import { defineDataset } from '../data/dataset.ts';
import { drawDigits } from './digitDrawing.ts';
import { digitGlyphs } from './digitGlyphs.ts';

const size = (value: number, help: string): NumberSpec =>
  ({ type: 'number', default: value, integer: true, min: 10, max: 60_000, help });

const settings = {
  train: size(4000, 'Training samples.'),
  validation: size(1000, 'Validation samples; their colors are independent of the class, like those for the test.'),
  test: size(1000, 'Test samples.'),
  variance: varianceSpec,
  distortion: {
    type: 'number', default: 1, min: 0, max: 2,
    help: 'How much position, slant, turn, proportions and strokes vary from digit to digit; 0 for printed digits.',
  },
  noise: {
    type: 'number', default: 0.25, min: 0, max: 1,
    help: 'Deviation of the gray level of inked pixels, as a share of it.',
  },
} as const satisfies HParamSpecs;

/** Digits drawn by a pen that wobbles, gray and colored like CGMNIST; needs no file. */
export const syntheticDigits = defineDataset({
  id: 'synthetic-digits',
  label: 'Synthetic digits: drawn digits, colored and gray',
  source: 'this project: ten stroke glyphs with random distortion, colored by the rules of CGMNIST',
  settings,
  modalitiesVary: false,
  modalities: () => digitModalities.map(({ id }) => id),
  load(context) {
    const options = context.settings;
    const make = (name: 'train' | 'validation' | 'test'): ColoredDigits => {
      const random = createRandom(seedFor(`digits:${name}`, context.seed));
      const colorRandom = createRandom(seedFor(`colors:${name}`, context.seed));
      const labels = random.shuffle(Int32Array.from({ length: options[name] }, (_, row) => row % digitGlyphs.length));
      return {
        labels,
        gray: drawDigits(labels, options, random),
        colors: name === 'train'
          ? drawColors(labels, options.variance, colorRandom)
          : drawIndependentColors(labels.length, options.variance, colorRandom),
      };
    };
    return Promise.resolve(createDigitDataset('synthetic-digits', {
      train: make('train'), validation: make('validation'), test: make('test'),
    }));
  },
});
