import path from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { HParamSpecs, ValuesOf } from '../../core/config/hparams.ts';
import { createRandom, seedFor } from '../../core/random.ts';
import { drawColors, drawIndependentColors, meanColors, varianceSpec } from './color.ts';
import {
  createDigitDataset, digitClasses, digitModalities, digitSize, takeDigits, type ColoredDigits,
} from './coloredDigits.ts';
import { defineDataset } from '../data/dataset.ts';
import { readIdx } from './idx.ts';
import { holdOut, stratifiedSubset } from '../data/split.ts';

const settings = {
  root: {
    type: 'path', mustBe: 'folder',
    help: 'Folder with the four MNIST files train/t10k-images-idx3-ubyte and -labels-idx1-ubyte, plain or .gz, as downloaded.',
  },
  colors: {
    type: 'path', optional: true, mustBe: 'folder',
    help: 'Folder with stored color draws (train-colors-, train-random-colors- and t10k-colors-idx2-ubyte) in the row '
      + 'order of the MNIST files, used instead of draws by seed and `variance`.',
  },
  variance: varianceSpec,
  validation: {
    type: 'number', default: 0.1, above: 0, below: 1,
    help: 'Share of the training images held out for validation (stratified; colors independent of the class).',
    source: 'the paper has no validation split; colored like the training set it would make color the anchor',
  },
  limit: {
    type: 'map', optional: true,
    entries: {
      train: { type: 'number', integer: true, min: 10, optional: true, help: 'Training samples to use.' },
      validation: { type: 'number', integer: true, min: 10, optional: true, help: 'Validation samples to use.' },
      test: { type: 'number', integer: true, min: 10, optional: true, help: 'Test samples to use.' },
    },
    help: 'Sizes of stratified subsets, e.g. { train: 10000, validation: 2000, test: 2000 }; '
      + 'a split not named stays whole.',
  },
} as const satisfies HParamSpecs;

type Settings = ValuesOf<typeof settings>;

type SplitName = 'train' | 'validation' | 'test';

/** Images and classes as they stand in the files. */
interface Digits {
  readonly gray: Uint8Array;
  readonly labels: Int32Array;
}

/** Colors of the rows of the files: `second` are those of held-out training images. */
interface Colors {
  readonly train: Uint8Array;
  readonly second: Uint8Array;
  readonly test: Uint8Array;
}

const mendDigits = 'Set dataset.root to a folder with sound copies of the four MNIST files '
  + '(also as torchvision and other downloads lay them out), or use the dataset synthetic-digits, which needs no files.';
const mendColors = 'Set dataset.colors to a folder with sound copies of the stored draws, '
  + 'or leave it out to draw colors by seed.';

/** MNIST digits in gray and in color; color tells the class in the training set and says nothing in the test set. */
export const cgmnist = defineDataset({
  id: 'cgmnist',
  label: 'CGMNIST: colored and gray MNIST',
  source: 'UDI paper, section on datasets; colors of Kim et al. 2019 (feidfoe/learning-not-to-learn)',
  settings,
  modalitiesVary: false,
  modalities: () => digitModalities.map(({ id }) => id),
  async load(context) {
    const options = context.settings;
    const root = path.resolve(context.folder, options.root);
    const [train, test] = await allInOrder([readDigits(root, 'train'), readDigits(root, 't10k')]);
    const colors = options.colors === undefined
      ? draw(train, test, options.variance, context.seed)
      : await readColors(path.resolve(context.folder, options.colors), train, test);
    return split(train, test, colors, options, context.seed);
  },
});

function split(train: Digits, test: Digits, colors: Colors, options: Settings, seed: number) {
  const classes = digitClasses.length;
  const held = Math.round(options.validation * train.labels.length);
  if (held < classes || train.labels.length - held < classes) {
    throw new UserError(
      `dataset.validation: ${options.validation} of ${train.labels.length} training images leaves `
      + `${train.labels.length - held} for training and ${held} for validation; expected at least ${classes} for each.`,
      'Choose another share, or use more training images.');
  }
  const { kept, heldOut } = holdOut(train.labels, classes, held, createRandom(seedFor('split', seed)));
  const testRows = createRandom(seedFor('split:test', seed)).shuffle(Int32Array.from(test.labels, (_, row) => row));

  const part = (name: SplitName, { gray, labels }: Digits, rows: Int32Array, tints: Uint8Array): ColoredDigits => {
    const count = options.limit?.[name] ?? rows.length;
    if (count > rows.length) {
      throw new UserError(
        `dataset.limit.${name}: expected at most ${rows.length}, the size of the whole split, found ${count}.`,
        name === 'test' ? 'Lower it.' : 'Lower it, or change dataset.validation, the share held out for validation.');
    }
    return takeDigits({ gray, labels, colors: tints }, stratifiedSubset(rows, labels, classes, count));
  };
  return createDigitDataset('cgmnist', {
    train: part('train', train, kept, colors.train),
    validation: part('validation', train, heldOut, colors.second),
    test: part('test', test, testRows, colors.test),
  });
}

async function readDigits(folder: string, prefix: 'train' | 't10k'): Promise<Digits> {
  const read = (name: string, shape: readonly (number | undefined)[]) =>
    readIdx({ folder, name: `${prefix}-${name}`, shape, mend: mendDigits });
  const [images, labels] = await allInOrder([
    read('images-idx3-ubyte', [undefined, digitSize, digitSize]),
    read('labels-idx1-ubyte', [undefined]),
  ]);
  if (images.shape[0] !== labels.shape[0]) {
    throw new UserError(
      `${labels.file}: expected ${images.shape[0]} labels, one for each image of ${images.file}, `
      + `found ${labels.shape[0]}.`,
      `The two files are not of one set. ${mendDigits}`);
  }
  const odd = labels.data.findIndex((label) => label >= digitClasses.length);
  if (odd >= 0) {
    throw new UserError(
      `${labels.file}: expected classes 0 to 9, found ${labels.data[odd]} at row ${odd} (rows count from 0).`,
      `These are labels of another dataset, or the file is damaged. ${mendDigits}`);
  }
  return { gray: images.data, labels: Int32Array.from(labels.data) };
}

/** Draws for every row whatever the split: an image has the same colors under every `validation` and `limit`. */
function draw(train: Digits, test: Digits, variance: number, seed: number): Colors {
  const random = (purpose: string) => createRandom(seedFor(`colors:${purpose}`, seed));
  return {
    train: drawColors(train.labels, variance, random('train')),
    second: drawIndependentColors(train.labels.length, variance, random('second')),
    test: drawIndependentColors(test.labels.length, variance, random('test')),
  };
}

async function readColors(folder: string, train: Digits, test: Digits): Promise<Colors> {
  const read = async (name: string, digits: Digits) => {
    const { data } = await readIdx({ folder, name, shape: [digits.labels.length, 3], mend: mendColors });
    return data;
  };
  const [forTrain, second, forTest] = await allInOrder([
    read('train-colors-idx2-ubyte', train),
    read('train-random-colors-idx2-ubyte', train),
    read('t10k-colors-idx2-ubyte', test),
  ]);
  checkOrder(folder, forTrain, train.labels);
  return { train: forTrain, second, test: forTest };
}

/**
 * MNIST comes sorted by class or in its original order; draws for the other order have the right count and would
 * silently turn the training colors into noise. Of draws that fit, about three of four lie nearest to their own class.
 */
function checkOrder(folder: string, colors: Uint8Array, labels: Int32Array): void {
  let fitting = 0;
  labels.forEach((label, row) => {
    const distances = meanColors.map((mean) =>
      mean.reduce((sum, value, channel) => sum + (colors[row * 3 + channel]! - value) ** 2, 0));
    if (distances.indexOf(Math.min(...distances)) === label) fitting++;
  });
  const share = fitting / labels.length;
  if (share >= 0.3) return;
  throw new UserError(
    `${path.join(folder, 'train-colors-idx2-ubyte')}: expected colors around the mean color of each image's class, `
    + `found that for ${(100 * share).toFixed(1)} % of the rows only.`,
    `The rows of these draws are in another order than those of the MNIST files in dataset.root. ${mendColors}`);
}

/** All results. Of several failures the first in this order is thrown, not the first in time: the same folder gets the same message. */
async function allInOrder<T extends readonly Promise<unknown>[]>(reads: readonly [...T]): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(reads);
  return Promise.all(reads);
}
