import { runConfigSchema, type RunConfig } from '../../src/core/config/config.ts';
import type { TermValues } from '../../src/core/run/alpha.ts';
import type { EpochEvent, StartedEvent } from '../../src/core/run/events.ts';
import { emptyRun, type Run, type StageRecord } from '../../src/core/run/run.ts';
import type { StudyPlan, StudyTableId } from '../../src/core/study/studyPlan.ts';
import type { StudyCell, StudyRun, StudyTable } from '../../src/core/study/studyResults.ts';

/** A row of a plan; `shares` names another row whose runs it uses. */
export interface RowSpec {
  readonly id: string;
  readonly label?: string;
  readonly settings?: readonly string[];
  readonly target?: string;
  readonly seeds?: readonly number[];
  readonly shares?: string;
}

/** The key that `planWith` gives to the run of a row. */
export function keyOf(row: string, seed: number): string {
  return `${row}@${seed}`;
}

/** A plan with one table; rows have the seeds 0, 1 and 2. */
export function planWith(id: StudyTableId, rows: readonly RowSpec[], settings: readonly string[] = [], training: object = {}): StudyPlan {
  const planned = rows.map((row) => ({
    id: row.id, label: row.label ?? row.id, settings: [...row.settings ?? []], ...(row.target === undefined ? {} : { target: row.target }),
    runs: (row.seeds ?? [0, 1, 2]).map((seed) => ({ seed, key: keyOf(row.shares ?? row.id, seed) })),
  }));
  const runs = new Map(planned.flatMap((row) => row.runs.map(({ seed, key }) => [key, { key, label: key, config: config(seed, training) }] as const)));
  return { format: 1, name: 'study', tables: [{ id, title: 'Title', settings: [...settings], rows: planned }], runs: [...runs.values()] };
}

function config(seed: number, training: object): RunConfig {
  return runConfigSchema.parse({
    name: 'a', dataset: { name: 'cgmnist' }, model: { fusion: 'sum' }, method: { name: 'sum' }, training: { epochs: 3, seed, ...training }, device: 'auto',
  });
}

/** What a run is said to have started on; by default CGMNIST in the sizes of the paper. */
export function startedOn({ name = 'cgmnist', modalities = ['gray', 'color'], train = 54_000 } = {}): StartedEvent {
  return {
    seq: 1, time: 0, type: 'started', name: 'a', version: '0.0.0', seed: 0, method: { name: 'sum', label: 'Sum' }, fusion: 'sum', plannedEpochs: 3,
    dataset: {
      name, fingerprint: '', classes: ['0', '1'], modalities: modalities.map((id) => ({ id, encoder: 'cgmnist', parameters: 1 })),
      sizes: { train, validation: 6_000, test: 10_000 },
    },
    backend: { id: 'cpu', device: 'cpu', skipped: [] },
  };
}

/** A finished run with these test accuracies by target; F1 is 0.01 lower. */
export function finishedWith(id: string, accuracies: Readonly<Record<string, number>>, rest: Partial<Run> = {}): StudyRun {
  const test = Object.fromEntries(Object.entries(accuracies).map(([target, accuracy]) =>
    [target, { accuracy, f1: accuracy - 0.01, loss: 0, entropy: 0, recall: [], confusion: [] }]));
  return { id, state: 'finished', run: { ...emptyRun, started: startedOn(), test, selectedOn: 'validation', ended: { state: 'finished' }, ...rest } };
}

/** A stage with one epoch of 10 seconds for every entry: its validation accuracies by target, and its weights. */
export function stageOf(
  id: string, trains: readonly string[], epochs: readonly Readonly<Record<string, number>>[], alphas: readonly TermValues[] = [],
): StageRecord {
  return {
    id, trains, evaluates: Object.keys(epochs[0] ?? {}), plannedEpochs: epochs.length,
    epochs: epochs.map((accuracies, index): EpochEvent => ({
      seq: index + 1, time: 0, type: 'epoch', stage: id, epoch: index + 1, epochs: epochs.length, losses: { total: 1 },
      validation: Object.fromEntries(Object.entries(accuracies).map(([target, accuracy]) => [target, { accuracy, f1: accuracy, loss: 0, entropy: 0 }])),
      learningRate: 0.01, seconds: 10, samplesPerSecond: 1, ...(alphas[index] ? { readings: { 'alpha.consistency': alphas[index].consistency, 'alpha.complementary': alphas[index].complementary } } : {}),
    })),
  };
}

/** Finished runs of rows, by key: the fused accuracy of every seed; `undefined` where there is no run. */
export function fusedRuns(rows: Readonly<Record<string, readonly (number | undefined)[]>>): Map<string, StudyRun> {
  return new Map(Object.entries(rows).flatMap(([row, values]) => values.flatMap((value, seed) =>
    (value === undefined ? [] : [[keyOf(row, seed), finishedWith(`${row}-${seed}`, { fusion: value })] as const]))));
}

/** A cell of a table. */
export function cellIn(table: StudyTable, row: string, target = 'fusion', metric = 'accuracy'): StudyCell | undefined {
  return table.rows.find(({ id }) => id === row)?.cells.find((cell) => cell.target === target && cell.metric === metric);
}
