import type { Metric } from './events.ts';
import { bestValue, commonMetrics, isTie, testScore } from './metrics.ts';
import { FUSION } from './targets.ts';
import type { CompareView, ScoreRow } from '../protocol.ts';
import type { Run } from './run.ts';

/**
 * The config keys in which the runs differ, in the order of the configs, with the value of each run as text ('' where
 * it has none). `name` is left out: it is the heading of the run.
 */
export function changedKeys(configs: readonly object[]): CompareView['changed'] {
  const flat = configs.map((config) => flatten(config));
  const keys = [...new Set(flat.flatMap((each) => [...each.keys()]))].filter((key) => key !== 'name');
  return keys
    .map((key) => ({ key, values: flat.map((each) => each.get(key) ?? '') }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

/** Rows of test scores: the metrics of every modality in the order in which the runs name them, fusion last. */
export function scoreRows(runs: readonly Run[]): ScoreRow[] {
  const named = runs.flatMap((run) => [
    ...(run.started?.dataset.modalities.map((modality) => modality.id) ?? []),
    ...Object.keys(run.test ?? {}),
  ]);
  const targets = [...new Set([...named.filter((target) => target !== FUSION), FUSION])];
  const metrics = commonMetrics(runs);
  return targets.flatMap((target) => metrics.flatMap((metric) => {
    const values = runs.map((run) => testScore(run, target, metric) ?? null);
    return values.some((value) => value !== null) ? [scoreRow(target, metric, values)] : [];
  }));
}

/** Titles that tell the runs apart: those that several runs share get the last characters of the run's id. */
export function distinctTitles(runs: readonly { readonly id: string; readonly title: string }[]): string[] {
  const shared = (title: string) => runs.filter((run) => run.title === title).length > 1;
  return runs.map(({ id, title }) => (shared(title) ? `${title} (${id.slice(-4)})` : title));
}

/** A row with the best values marked; one value alone is not the best of anything, and what diverged is not compared. */
function scoreRow(target: string, metric: Metric, values: readonly (number | null)[]): ScoreRow {
  const known = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  const found = known.length < 2 ? undefined : bestValue(metric, known);
  return { target, metric, values, best: values.flatMap((value, index) =>
    (value !== null && found !== undefined && isTie(value, found) ? [index] : [])) };
}

function flatten(value: object, prefix = ''): Map<string, string> {
  const flat = new Map<string, string>();
  for (const [key, inner] of Object.entries(value) as [string, unknown][]) {
    const path = prefix === '' ? key : `${prefix}.${key}`;
    if (isMap(inner)) for (const [name, text] of flatten(inner, path)) flat.set(name, text);
    else if (inner !== undefined) flat.set(path, typeof inner === 'string' ? inner : JSON.stringify(inner));
  }
  return flat;
}

function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
