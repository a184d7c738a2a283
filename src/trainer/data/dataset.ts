import type { HParamSpecs, ValuesOf } from '../../core/config/hparams.ts';
import type { Fingerprint } from './fingerprint.ts';

/** What the values of a modality are: decides nothing by itself, but says to people and encoders what they look at. */
export type ModalityKind = 'vector' | 'sequence' | 'image' | 'clip' | 'spectrogram' | 'tokens' | 'array';

/** One modality of a dataset: inputs are [B, ...shape], channel last. */
export interface ModalityInfo {
  readonly id: string;
  readonly kind: ModalityKind;
  /** Shape of one sample. Only the first axis may be `null`: its length varies, and a batch is padded to its longest sample. */
  readonly shape: readonly (number | null)[];
  readonly dtype: 'float32' | 'int32';
  /** Longest first axis of any sample, where it varies. */
  readonly longest?: number;
  /** Whether inputs come with a mask of their first axis; always so where that varies. */
  readonly masked?: boolean;
  /** Whether training inputs differ from epoch to epoch. Outputs of a frozen modality are computed once only if they do not. */
  readonly augments: boolean;
  /** Id of the encoder that a config without `model.encoder` uses. */
  readonly encoder: string;
}

/** Inputs of some samples in one modality, in ordinary or shared memory. */
export interface HostInput {
  /** Row major, of the modality's dtype. */
  readonly values: Float32Array | Int32Array;
  /** [samples, ...shape]; a varying axis is as long as the longest of these samples, the others end in zeros. */
  readonly shape: readonly number[];
  /** [samples, length of the first axis], row major: 1 where there is content, 0 where there is padding. */
  readonly mask?: Uint8Array;
  /** 1 for each sample that has this modality, 0 for one that lacks it (its values are zeros); absent: all have it. */
  readonly present?: Uint8Array;
}

/** What a split has read. The memory belongs to the split and may be used again after `release`. */
export interface HostInputs {
  readonly inputs: Readonly<Record<string, HostInput>>;
  release?(): void;
}

/** What rows are read for: training in this epoch (from 1), or looking at them, which never augments. */
export type Draw = number | 'clean';

/** Samples that are used for one purpose. Rows of all modalities belong together. */
export interface Split {
  readonly size: number;
  /** Class index of every sample. */
  readonly labels: Int32Array;
  /** Name of a sample within its dataset, for messages and per-sample outputs. */
  id(row: number): string;
  /** 1 for each sample that has the modality, known without reading; undefined if all have it. A sample has one modality at least. */
  present?(modality: string): Uint8Array | undefined;
  /**
   * Reads rows. Several reads may be under way at once. What is read depends on the dataset, the run's seed, `draw` and the
   * samples alone (see `drawFor`), never on workers, timing or the other rows.
   * @throws UserError that names sample, file and modality
   */
  read(rows: Int32Array, modalities: readonly string[], draw: Draw): Promise<HostInputs>;
}

/** An opened dataset. Equal fingerprints mean equal samples. */
export interface Dataset extends Fingerprint {
  readonly id: string;
  readonly modalities: readonly ModalityInfo[];
  readonly classes: readonly string[];
  readonly train: Split;
  readonly validation: Split;
  readonly test: Split;
  /** What the user should know about the data, as sentences for the journal. */
  readonly notes?: readonly string[];
  /** Ends workers and closes files; nothing is read afterwards. */
  close?(): Promise<void>;
}

/** What a dataset's loader is given. `settings` are the `dataset:` keys of the config, checked against the specs. */
export interface DatasetContext<Settings = Readonly<Record<string, unknown>>> {
  readonly settings: Settings;
  /** Folder that relative paths of the config start from (absolute). */
  readonly folder: string;
  /** The run's seed; derive with `seedFor(purpose, seed)`. */
  readonly seed: number;
  /** Folder of the built files, where the bundle of the workers lies. */
  readonly distFolder: string;
  /** Aborted when the run is cancelled; its reason is to be thrown. */
  readonly signal: AbortSignal;
  /** Says what takes long, once for each thing, as a sentence. */
  readonly onProgress: (message: string) => void;
}

/** One entry of the dataset registry. */
export interface DatasetKind {
  readonly id: string;
  readonly label: string;
  /** Where the data and their definition come from. */
  readonly source: string;
  /** The keys of `dataset:` beside `name`; default, range and help stand here and nowhere else. */
  readonly settings: HParamSpecs;
  /** Whether the modalities depend on the settings; the catalogue lists none of such a dataset. */
  readonly modalitiesVary: boolean;
  /**
   * Ids of the modalities with these checked settings (not read unless `modalitiesVary`), known without loading anything;
   * relative paths start from `folder`. Throws `UserError` where they cannot be known.
   */
  modalities(settings: Readonly<Record<string, unknown>>, folder: string): readonly string[];
  /** Reads or makes the data. Throws `UserError` for files that are missing, damaged or do not match. */
  load(context: DatasetContext): Promise<Dataset>;
}

/** A dataset whose code sees its settings with the types that its specs say; the config's schema has checked them. */
export function defineDataset<const Specs extends HParamSpecs>(kind: Omit<DatasetKind, 'settings' | 'modalities' | 'load'> & {
  readonly settings: Specs;
  modalities(settings: ValuesOf<Specs>, folder: string): readonly string[];
  load(context: DatasetContext<ValuesOf<Specs>>): Promise<Dataset>;
}): DatasetKind {
  return kind as DatasetKind;
}
