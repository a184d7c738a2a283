import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { skipFor } from '../skip.ts';
import { catalog } from './studyFixture.ts';
import { runConfigSchema, type RunConfig } from '../../src/core/config/config.ts';
import type { StartedEvent } from '../../src/core/run/events.ts';
import { paperScore, protocolDifferences } from '../../src/core/study/paper.ts';
import { paperDatasets, paperTables } from '../../src/core/study/paperTables.ts';

/** The published numbers as they were handed on, where they lie beside the repository. */
const published = join(import.meta.dirname, '../../../shared/paper-tables.json');

type Sizes = StartedEvent['dataset']['sizes'];

function started(name: string, sizes: Sizes, modalities: readonly string[]): Pick<StartedEvent, 'dataset'> {
  return {
    dataset: { name, sizes, fingerprint: '', classes: [], modalities: modalities.map((id) => ({ id, encoder: 'cgmnist', parameters: 0 })) },
  };
}

function config(training: object = {}, fusion = 'sum'): RunConfig {
  return runConfigSchema.parse({
    name: 'a', dataset: { name: 'any' }, model: { fusion }, method: { name: 'sum' }, training: { epochs: 3, ...training }, device: 'auto',
  });
}

const cells = Object.entries(paperTables).flatMap(([table, datasets]) => Object.entries(datasets).flatMap(([dataset, rows]) =>
  Object.entries(rows).map(([row, score]) => ({ table, dataset, row, score }))));

describe('the published tables', () => {
  it('name rows and datasets by the ids of a study', () => {
    const table1 = [
      'cml', 'gblending', 'mmpareto', 'lfm', 'ogm', 'agm', 'pmr', 'relearning', 'reconboost', 'mla', 'opm', 'greedy',
      'modality-valuation', 'sum', 'udi',
    ];
    for (const { table, dataset, row } of cells) {
      const { modalities } = paperDatasets.find(({ id }) => id === dataset)!;
      const rows: Record<string, readonly string[]> = {
        methods: [...table1, ...modalities.map((id) => `unimodal:${id}`)],
        components: ['sum', 'dc-only', 'decoupled', 'udi'],
        alpha: ['0,1', '1,0', '0,0', 'dynamic'],
        anchor: ['auto', ...modalities.map((id) => `anchor:${id}`)],
      };
      expect(rows[table], `${table} ${dataset}`).toContain(row);
    }
  });

  it('hold percentages, and no row without a number', () => {
    for (const { table, dataset, row, score } of cells) {
      const numbers = [score.accuracy, score.f1].filter((value) => value !== undefined);
      expect(numbers.length, `${table} ${dataset} ${row}`).toBeGreaterThan(0);
      for (const value of numbers) expect(value > 1 && value <= 100).toBe(true);
    }
  });

  it('agree where the paper prints one result in several tables', () => {
    for (const [table, row] of [['components', 'udi'], ['alpha', 'dynamic'], ['anchor', 'anchor:gray'], ['anchor', 'auto']] as const) {
      expect(paperScore('cgmnist', table, row)).toMatchObject({ accuracy: 99.12, f1: 99.11 });
    }
    expect(paperScore('cgmnist', 'components', 'sum')?.accuracy).toBe(paperScore('cgmnist', 'methods', 'sum')?.accuracy);
    // All twelve numbers of table 2, row 3, which are also those of table 3, (0, 0).
    const decoupled = {
      'crema-d': [78.9, 79.25], 'kinetics-sounds': [73.25, 72.46], 'cgmnist': [97.87, 97.85],
      'ucf101': [85.96, 85.63], 'food101': [92.86, 92.85], 'cmu-mosei': [80.49, 74.47],
    };
    for (const [dataset, [accuracy, f1]] of Object.entries(decoupled)) {
      expect(paperScore(dataset, 'components', 'decoupled')).toMatchObject({ accuracy, f1 });
      expect(paperScore(dataset, 'alpha', '0,0')).toMatchObject({ accuracy, f1 });
    }
  });
});

describe('paperScore', () => {
  it('keeps the order of the weights: consistency, complementary', () => {
    expect(paperScore('cgmnist', 'alpha', '1,0')?.accuracy).toBe(96.37);
    expect(paperScore('cgmnist', 'alpha', '0,1')?.accuracy).toBe(99.02);
  });

  it('puts a note on the cells that are odd and on no others', () => {
    expect(paperScore('cgmnist', 'methods', 'unimodal:gray')?.notes).toEqual([]);
    expect(paperScore('cgmnist', 'methods', 'udi')?.notes).toContain('Below the anchor alone: the paper prints 99.32 for gray.');
    expect(paperScore('kinetics-sounds', 'methods', 'mmpareto')?.notes.join()).toContain('74.55 / 74.21');
    expect(paperScore('food101', 'methods', 'greedy')?.notes.join()).toContain('BalancedAV');
    expect(paperScore('cmu-mosei', 'components', 'sum')).toMatchObject({ accuracy: 80.49, f1: 75.47 });
    expect(paperScore('cmu-mosei', 'components', 'sum')?.notes.join()).toContain('78.96 / 71.37');
  });

  it('has nothing for other datasets, for own grids, and where the paper prints a dash', () => {
    expect(paperScore('synthetic-digits', 'methods', 'udi')).toBeUndefined();
    expect(paperScore('cgmnist', 'grid', 'udi')).toBeUndefined();
    expect(paperScore('cgmnist', 'methods', 'cml')).toBeUndefined();
    expect(paperScore('cgmnist', 'methods', 'agm')).toEqual({ accuracy: 67.64, notes: [] });
  });

  it('gives a chosen anchor the scores of UDI', () => {
    for (const { id } of paperDatasets) {
      const { accuracy, f1 } = paperScore(id, 'methods', 'udi')!;
      expect(paperScore(id, 'anchor', 'auto')).toMatchObject({ accuracy, f1 });
    }
  });

  // Counts and sums over all cells of the published tables, taken from them by hand.
  it.each([['methods', 201, 14555.69], ['components', 48, 3923.16], ['alpha', 48, 4082.86], ['anchor', 26, 2202.12]] as const)('has all numbers of the table %s', (table, count, sum) => {
    const cells = Object.values(paperTables[table]).flatMap((rows) => Object.entries(rows))
      .filter(([row]) => row !== 'auto').flatMap(([, { notes: _, ...numbers }]) => Object.values(numbers));
    expect(cells).toHaveLength(count);
    expect(cells.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 6);
  });

  it('equals the tables as they were handed on, cell by cell', skipFor(existsSync(published) ? undefined : 'there is no shared/paper-tables.json beside the repository'), () => {
    const { about: _, ...tables } = JSON.parse(readFileSync(published, 'utf8')) as Record<string, Record<string, Record<string, object>>>;
    const ours = Object.fromEntries(Object.entries(paperTables).map(([table, datasets]) => [table, Object.fromEntries(
      Object.entries(datasets).map(([dataset, rows]) => [dataset, Object.fromEntries(
        Object.entries(rows).filter(([row]) => row !== 'auto').map(([row, { notes: __, ...numbers }]) => [row, numbers]))]))]));
    expect(ours).toEqual(tables);
  });

  it('has notes for printed rows only', () => {
    const noted = Object.entries(paperTables).flatMap(([table, datasets]) => Object.entries(datasets).flatMap(([dataset, rows]) =>
      Object.entries(rows).flatMap(([row, { notes }]) => (notes.length > 0 ? [`${table} ${dataset} ${row}`] : []))));
    // As many as there are in the file: a note on a row that is not printed would be lost.
    expect(noted).toHaveLength(46);
  });
});

describe('protocolDifferences', () => {
  const digits = ['gray', 'color'];

  it('has none for the whole dataset, a part of whose training set is held out because the paper names no validation', () => {
    expect(protocolDifferences(started('cgmnist', { train: 54_000, validation: 6000, test: 10_000 }, digits), config(), 'methods', catalog)).toEqual([]);
  });

  it('names subsets with both sizes', () => {
    expect(protocolDifferences(started('cgmnist', { train: 10_000, validation: 2000, test: 2000 }, digits), config(), 'methods', catalog)).toEqual([
      'Trained on 10,000 of 60,000 samples, with 2,000 more for validation.',
      'Tested on 2,000 of 10,000 samples.',
    ]);
  });

  it('compares the validation split where the paper has one', () => {
    const sizes = { train: 15_000, validation: 1320, test: 2597 };
    expect(protocolDifferences(started('kinetics-sounds', sizes, ['audio', 'video']), config(), 'methods', catalog)).toEqual([
      'Validated on 1,320 of 1,900 samples.',
      'Tested on 2,597 instead of 1,900 samples.',
    ]);
  });

  it('names every stated setting that differs, and none that the paper leaves open', () => {
    const full = started('crema-d', { train: 6028, validation: 670, test: 744 }, ['audio', 'video']);
    expect(protocolDifferences(full, config({ batchSize: 32, learningRate: 0.001, momentum: 0, weightDecay: 0 }, 'concat'), 'methods', catalog)).toEqual([
      'Batch size 32 instead of 64.',
      'Learning rate 0.001 instead of 0.01.',
      'Momentum 0 instead of 0.9.',
      'Weight decay 0 instead of 0.0001.',
      'Fusion concat instead of sum.',
    ]);
    const open = config({ epochs: 100, learningRate: 0.5, schedule: { name: 'step', every: 70 } });
    expect(protocolDifferences(started('cgmnist', { train: 54_000, validation: 6000, test: 10_000 }, digits), open, 'methods', catalog)).toEqual([]);
  });

  it('names encoders and settings that are not those of the protocol, but for what the row of a table sets itself', () => {
    const sizes = { train: 54_000, validation: 6000, test: 10_000 };
    const run = started('cgmnist', sizes, digits);
    const mlp = { dataset: { ...run.dataset, modalities: run.dataset.modalities.map((each) => ({ ...each, encoder: 'mlp' })) } };
    const with_ = (dataset: object, method: object) => ({ ...config(), dataset: { name: 'cgmnist', ...dataset }, method: { name: 'udi', ...method } });
    expect(protocolDifferences(mlp, config(), 'methods', catalog)).toEqual(['Encoder mlp instead of cgmnist for gray.', 'Encoder mlp instead of cgmnist for color.']);
    const specs = {
      ...catalog, datasets: catalog.datasets.map((each) => ({ ...each, settings: { ...each.settings, variance: { type: 'number' as const, default: 0.03, help: '' } } })),
    };
    expect(protocolDifferences(run, with_({ variance: 0.03 }, {}), 'methods', specs)).toEqual([]);
    expect(protocolDifferences(run, with_({ variance: 0.5 }, { tieTolerance: 3 }), 'methods', specs)).toEqual([
      'Method setting tieTolerance 3 instead of 1.5.', 'Dataset setting variance 0.5 instead of 0.03.',
    ]);
    const fixed = { alpha: { consistency: 0, complementary: 1 } };
    expect(protocolDifferences(run, with_({}, fixed), 'alpha', specs)).toEqual([]);
    expect(protocolDifferences(run, with_({}, fixed), 'methods', specs)).toEqual(['Method setting alpha {"consistency":0,"complementary":1} instead of "dynamic".']);
  });

  it('says where there is nothing to compare with, and where modalities are missing', () => {
    const sizes = { train: 54_000, validation: 6000, test: 10_000 };
    expect(protocolDifferences(started('synthetic-digits', sizes, digits), config(), 'methods', catalog)).toEqual(['The paper has no results for synthetic-digits.']);
    expect(protocolDifferences(started('cgmnist', sizes, ['gray']), config(), 'methods', catalog)).toEqual(['Modalities gray instead of gray, color.']);
  });
});
