import type { Catalog } from '../config/catalog.ts';
import type { RunConfig } from '../config/config.ts';
import type { HParamSpecs } from '../config/hparams.ts';
import type { StartedEvent } from '../run/events.ts';
import { paperDatasets, paperTables, type PaperDataset, type PaperScore } from './paperTables.ts';
import type { StudyTableId } from './studyPlan.ts';

/** What the paper trains with on every dataset (its appendix A.6). */
const recipe = { batchSize: 64, momentum: 0.9, weightDecay: 1e-4 };

/** What the paper prints for a row of a study's table, by the ids used here; undefined where it has or we know nothing. */
export function paperScore(dataset: string, table: StudyTableId, row: string): PaperScore | undefined {
  return table === 'grid' ? undefined : paperTables[table][dataset]?.[row];
}

/**
 * In what a run differs from the protocol that the paper states, one sentence each; empty if in nothing. Epochs and
 * schedule are no difference, because the paper states none (see the notes of its dataset).
 */
export function protocolDifferences(
  started: Pick<StartedEvent, 'dataset'>, config: RunConfig, table: StudyTableId, catalog: Pick<Catalog, 'methods' | 'datasets'>,
): string[] {
  const run = started.dataset;
  const paper = paperDatasets.find(({ id }) => id === run.name);
  if (paper === undefined) return [`The paper has no results for ${run.name}.`];
  const modalities = run.modalities.map(({ id }) => id);
  const sameModalities = modalities.length === paper.modalities.length && modalities.every((id) => paper.modalities.includes(id));
  const settings: [string, string | number, string | number | undefined][] = [
    ['Batch size', config.training.batchSize, recipe.batchSize],
    ['Learning rate', config.training.learningRate, paper.learningRate],
    ['Momentum', config.training.momentum, recipe.momentum],
    ['Weight decay', config.training.weightDecay, recipe.weightDecay],
    ['Fusion', config.model.fusion, paper.fusion],
  ];
  return [
    ...(sameModalities ? [] : [`Modalities ${modalities.join(', ')} instead of ${paper.modalities.join(', ')}.`]),
    ...(paper.sizes === undefined ? [] : sizeDifferences(run.sizes, paper.sizes)),
    ...settings.flatMap(([name, ours, theirs]) =>
      (theirs === undefined || ours === theirs ? [] : [`${name} ${ours} instead of ${theirs}.`])),
    ...run.modalities.flatMap(({ id, encoder }) => {
      const theirs = paper.encoders?.[id];
      return theirs === undefined || theirs === encoder ? [] : [`Encoder ${encoder} instead of ${theirs} for ${id}.`];
    }),
    ...settingDifferences('Method', config.method, catalog.methods.find(({ id }) => id === config.method.name)?.hparams ?? {}, ownSettings[table] ?? []),
    ...settingDifferences('Dataset', config.dataset, catalog.datasets.find(({ id }) => id === run.name)?.settings ?? {}, sampleCounts),
  ];
}

/** What a row of a table sets itself, as the paper's row does. */
const ownSettings: Partial<Record<StudyTableId, readonly string[]>> = { methods: ['modality'], alpha: ['alpha'], anchor: ['anchor'] };

/** Settings that show in the numbers of samples, which are compared by themselves; where data lie is no part of a protocol. */
const sampleCounts: readonly string[] = ['validation', 'limit'];

/** Settings that are not what the method or dataset has by default, which is what the paper, or the method's own source, says. */
function settingDifferences(what: string, values: Readonly<Record<string, unknown>>, specs: HParamSpecs, free: readonly string[]): string[] {
  return Object.entries(specs).flatMap(([key, spec]) => {
    const ours = values[key];
    if (ours === undefined || free.includes(key)) return [];
    // A file of stored draws is data of another kind than the default's; the folder of the data is not.
    if (spec.type === 'path') return spec.optional ? [`${what} setting ${key} is set.`] : [];
    const theirs = 'default' in spec ? spec.default : undefined;
    const same = JSON.stringify(ours) === JSON.stringify(theirs);
    return same ? [] : [`${what} setting ${key} ${JSON.stringify(ours)} instead of ${theirs === undefined ? 'none' : JSON.stringify(theirs)}.`];
  });
}

/** Where the paper has no validation split, one has to be held out of its training samples: that alone is no difference. */
function sizeDifferences(run: StartedEvent['dataset']['sizes'], paper: NonNullable<PaperDataset['sizes']>): string[] {
  const held = paper.validation === undefined ? run.validation : 0;
  const differences: string[] = [];
  if (run.train + held !== paper.train) {
    const more = held === 0 ? '' : `, with ${count(held)} more for validation`;
    differences.push(`Trained on ${outOf(run.train, paper.train)} samples${more}.`);
  }
  if (paper.validation !== undefined && run.validation !== paper.validation) {
    differences.push(`Validated on ${outOf(run.validation, paper.validation)} samples.`);
  }
  if (run.test !== paper.test) differences.push(`Tested on ${outOf(run.test, paper.test)} samples.`);
  return differences;
}

function outOf(ours: number, theirs: number): string {
  return `${count(ours)} ${ours < theirs ? 'of' : 'instead of'} ${count(theirs)}`;
}

function count(samples: number): string {
  return samples.toLocaleString('en-US');
}
