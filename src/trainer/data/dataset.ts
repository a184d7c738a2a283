import type { HParamSpecs } from '../../core/config/hparams.ts';

/** One modality of a dataset: inputs are [B, ...shape], float32, channel last. */
export interface ModalityInfo {
  readonly id: string;
  readonly shape: readonly number[];
  /** Id of the encoder that a config without `model.encoder` uses. */
  readonly encoder: string;
}

/** Samples that are used for one purpose. Rows of all modalities belong together. */
export interface Split {
  readonly size: number;
  /** Class index of every sample. */
  readonly labels: Int32Array;
  /** Normalised inputs of the given rows as one flat float32 array, [indices.length, ...shape] row major. */
  inputs(modality: string, indices: ArrayLike<number>): Float32Array;
}

/** A loaded dataset. `fingerprint` (hex SHA-256) determines every byte of every split. */
export interface Dataset {
  readonly id: string;
  readonly modalities: readonly ModalityInfo[];
  readonly classes: readonly string[];
  readonly fingerprint: string;
  readonly train: Split;
  readonly validation: Split;
  readonly test: Split;
}

/** What a dataset's loader is given. `settings` are the `dataset:` keys of the config, checked against the specs. */
export interface DatasetContext {
  readonly settings: Readonly<Record<string, unknown>>;
  /** Folder that relative paths of the config start from (absolute). */
  readonly folder: string;
  /** The run's seed; derive with `seedFor(purpose, seed)`. */
  readonly seed: number;
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
  /** The modalities with these checked settings (not read unless `modalitiesVary`); known without loading anything. */
  modalities(settings: Readonly<Record<string, unknown>>): readonly ModalityInfo[];
  /** Reads or makes the data. Throws `UserError` for files that are missing, damaged or do not match. */
  load(context: DatasetContext): Promise<Dataset>;
}
