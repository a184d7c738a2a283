import published from './paperScores.json' with { type: 'json' };
import type { StudyTableId } from './studyPlan.ts';

/** A published score, in percent as printed; absent where the paper prints a dash. */
export interface PaperScore {
  readonly accuracy?: number;
  readonly f1?: number;
  /** Printed spread. */
  readonly accuracySd?: number;
  readonly f1Sd?: number;
  /** What is odd about the printed number, one sentence each. */
  readonly notes: readonly string[];
}

/** A dataset of the paper and the recipe that the paper states for it (its appendix A.6). */
export interface PaperDataset {
  /** Id of the dataset here. */
  readonly id: string;
  readonly label: string;
  readonly modalities: readonly string[];
  /** Numbers of samples; absent where the paper's count is not known here. */
  readonly sizes?: { readonly train: number; readonly validation?: number; readonly test: number };
  readonly fusion: 'sum' | 'concat';
  /** Encoders by modality, by their ids here; absent where there is none here that is the paper's. */
  readonly encoders?: Readonly<Record<string, string>>;
  /** Absent where the paper states none. */
  readonly learningRate?: number;
  /** What the paper leaves open, one sentence each. */
  readonly notes: readonly string[];
}

type Rows = Readonly<Record<string, PaperScore>>;

const unstatedEpochs =
  'The paper states neither the number of epochs nor a learning-rate schedule, and not whether it reports the best or the last epoch.';
const unstatedRate = 'The paper states no learning rate for this dataset.';
const noValidation = 'The paper has no validation split for this dataset, although choosing the anchor needs one.';

/** Datasets of the paper: sizes from its section on datasets, recipe from its appendix A.6; those of CGMNIST are MNIST's. */
export const paperDatasets: readonly PaperDataset[] = [
  {
    id: 'cgmnist', label: 'CGMNIST', modalities: ['gray', 'color'], sizes: { train: 60_000, test: 10_000 },
    fusion: 'sum', encoders: { gray: 'cgmnist', color: 'cgmnist' }, notes: [unstatedEpochs, unstatedRate, noValidation],
  },
  {
    id: 'crema-d', label: 'CREMA-D', modalities: ['audio', 'video'], sizes: { train: 6698, test: 744 },
    fusion: 'sum', learningRate: 0.01, notes: [unstatedEpochs, noValidation],
  },
  {
    id: 'kinetics-sounds', label: 'Kinetics-Sounds', modalities: ['audio', 'video'],
    sizes: { train: 15_000, validation: 1900, test: 1900 }, fusion: 'sum', learningRate: 0.01, notes: [unstatedEpochs],
  },
  {
    id: 'ucf101', label: 'UCF-101', modalities: ['rgb', 'flow'], sizes: { train: 9537, test: 3783 },
    fusion: 'sum', learningRate: 0.001, notes: [unstatedEpochs, noValidation],
  },
  {
    id: 'food101', label: 'Food-101', modalities: ['image', 'text'],
    fusion: 'sum', learningRate: 0.001, notes: [unstatedEpochs],
  },
  {
    id: 'cmu-mosei', label: 'CMU-MOSEI', modalities: ['audio', 'visual', 'text'],
    fusion: 'concat', notes: [unstatedEpochs, unstatedRate],
  },
];

const benchmark = "Equals the number that the BalanceBenchmark toolkit publishes, so it was trained by that recipe and not by the paper's.";
const otherBranch = (accuracy: string) =>
  `BalanceBenchmark, whose numbers stand in the baseline rows, has ${accuracy} for this branch: input or recipe differ.`;
const spread = 'The paper does not say over how many runs it prints this spread.';
const belowAnchor = 'Below the anchor alone: the paper prints 99.32 for gray.';
const mmparetoBelow = 'The text on figure 1 puts MMPareto below decoupled training here; the tables have 79.97 and 78.90.';
const audioAnchor = 'The anchor is audio, although the paper prints a higher accuracy for video alone (55.82 against 54.54).';
const relearningIsMla = 'Relearning and MLA have identical values here, in BalanceBenchmark too.';
const moseiBaselines = 'The joint baseline is 78.96 / 71.37 in table 1 and 80.49 / 75.47 in table 2.';
const moseiSame = 'Rows 1 and 3 of table 2 have the same accuracy, 80.49.';
const grayByValidation = 'Validation images colored like the training images would make color the anchor; the paper does not say how gray was selected.';
const averaged = 'The paper names the sum as its fusion, but describes this baseline as a weighted mean of the outputs.';

const ucfAmco = 'BalanceBenchmark lists a method that the paper leaves out, AMCo, with 86.91 / 86.66.';
const moseiHigher = 'With another anchor F1 is higher (audio 77.15, visual 76.25), and so it is with the weights (0, 1) (76.22).';
const moseiDecoupled = 'Below the text branch alone (81.09), and F1 below the baseline of table 2 (75.47).';
const aboveText = "F1 is above that of text as anchor (75.77), which the paper's text calls the best.";
const worseThanOne = "although the paper's text calls both terms off generally worse than one.";

/** Notes by table, dataset and row. Row 3 of table 2 is row (0, 0) of table 3 in all numbers (methods.md 7). */
const notes: Readonly<Record<PaperTableId, Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>>> = {
  methods: {
    'cgmnist': { udi: [belowAnchor, spread, grayByValidation] },
    'crema-d': { 'unimodal:video': [otherBranch('58.10')], 'mmpareto': [benchmark, mmparetoBelow], 'udi': [spread] },
    'kinetics-sounds': {
      'unimodal:video': [otherBranch('45.31')],
      'mmpareto': ["BalanceBenchmark, which the other baselines equal, has 74.55 / 74.21; UDI's lead would be 0.13 points, and its F1 lower."],
      'udi': [audioAnchor, spread],
    },
    'ucf101': { udi: [ucfAmco, spread] },
    'food101': {
      greedy: ['BalanceBenchmark has this pair for another dataset, BalancedAV, and none for Greedy here; it is 16 to 19 points below all other multimodal rows.'],
      udi: [spread],
    },
    'cmu-mosei': { sum: [moseiBaselines], relearning: [benchmark, relearningIsMla], mla: [benchmark, relearningIsMla], udi: [moseiHigher, spread] },
  },
  components: {
    'cgmnist': { decoupled: [averaged], udi: [belowAnchor] },
    'crema-d': { decoupled: [mmparetoBelow, averaged] },
    'kinetics-sounds': { decoupled: [averaged], udi: [audioAnchor] },
    'ucf101': { decoupled: [averaged], udi: [ucfAmco] },
    'food101': { decoupled: [averaged] },
    'cmu-mosei': { sum: [moseiBaselines, moseiSame], decoupled: [moseiSame, moseiDecoupled], udi: [moseiHigher] },
  },
  alpha: {
    'cgmnist': { '0,0': [`Above (1, 0), ${worseThanOne}`], 'dynamic': [belowAnchor] },
    'crema-d': { '0,0': [mmparetoBelow] },
    'kinetics-sounds': { dynamic: [audioAnchor] },
    'ucf101': { '0,0': [`Above (0, 1), ${worseThanOne}`], 'dynamic': [ucfAmco] },
    'food101': {
      '1,0': ["Above (0, 1), although the paper's text names only CREMA-D and UCF-101 as preferring consistency."],
      '0,0': [`Above both (0, 1) and (1, 0), ${worseThanOne}`],
    },
    'cmu-mosei': {
      '0,1': ["F1 is above that of the adaptive weights (75.77), which the paper's text calls best on every dataset."],
      '0,0': [moseiSame, moseiDecoupled],
      'dynamic': [moseiHigher],
    },
  },
  anchor: {
    'cgmnist': { 'anchor:gray': [belowAnchor], 'auto': [belowAnchor, grayByValidation] },
    'kinetics-sounds': { 'anchor:audio': [audioAnchor], 'auto': [audioAnchor] },
    'ucf101': { 'anchor:rgb': [ucfAmco], 'auto': [ucfAmco] },
    'cmu-mosei': { 'anchor:audio': [aboveText], 'anchor:visual': [aboveText], 'anchor:text': [moseiHigher], 'auto': [moseiHigher] },
  },
};

type PaperTableId = Exclude<StudyTableId, 'grid'>;
type PrintedRows = Readonly<Record<string, Omit<PaperScore, 'notes'>>>;

/**
 * Published scores by table, dataset and row, from Tables 1 to 4 of the UDI paper (arXiv 2509.02281); the rows have the ids that they have
 * in a study. The paper prints no row for an anchor that is chosen on validation (`auto`): its choice is its UDI.
 */
export const paperTables: Readonly<Record<PaperTableId, Readonly<Record<string, Rows>>>> = {
  methods: withNotes('methods', published.methods),
  components: withNotes('components', published.components),
  alpha: withNotes('alpha', published.alpha),
  anchor: withNotes('anchor', Object.fromEntries(Object.entries(published.anchor).map(([dataset, rows]) =>
    [dataset, { ...rows, auto: (published.components as Readonly<Record<string, PrintedRows>>)[dataset]!['udi']! }]))),
};

function withNotes(table: PaperTableId, printed: Readonly<Record<string, PrintedRows>>): Readonly<Record<string, Rows>> {
  return Object.fromEntries(Object.entries(printed).map(([dataset, rows]) => [dataset, Object.fromEntries(
    Object.entries(rows).map(([row, score]) => [row, { ...score, notes: notes[table][dataset]?.[row] ?? [] }]))]));
}
