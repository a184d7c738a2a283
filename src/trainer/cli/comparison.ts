import { fixed, metricText, NONE, points } from '../../core/format.ts';
import { printable } from '../../core/printable.ts';
import type { Metric } from '../../core/run/events.ts';
import { alphaOf } from '../../core/run/alpha.ts';
import { distinctTitles } from '../../core/run/compare.ts';
import { commonMetrics, lead, testScore } from '../../core/run/metrics.ts';
import { findRun, loadRun, type StoredRun } from '../../core/run/runStore.ts';
import { FUSION } from '../../core/run/targets.ts';
import { columns } from './summary.ts';

/** `udi compare <run> <run> …`: the test scores of the runs side by side. */
export function compareCommand(runs: string, names: readonly string[]): void {
  process.stdout.write(`${comparison(names.map((name) => loadRun(findRun(runs, name))))}\n`);
}

/**
 * Test scores of runs side by side, by the first metric that the first run names: what each modality's branch says by itself, and the
 * fusion. With two runs also what the second one gained; then the last α-weights of each run that has some.
 */
export function comparison(runs: readonly StoredRun[]): string {
  const titles = distinctTitles(runs.map(({ id, meta, run }) => ({ id, title: printable(meta.title ?? run.started?.name ?? id) })));
  const [metric] = commonMetrics(runs.map(({ run }) => run));
  const tested = runs.flatMap(({ run }) => Object.keys(run.test ?? {}));
  const targets = [...new Set([...tested.filter((target) => target !== FUSION), ...tested])];
  const rows = targets.map((target) => {
    const values = runs.map(({ run }) => testScore(run, target, metric!));
    return [target, ...values.map((value) => (value === undefined ? NONE : metricText(value, metric!))), ...(runs.length === 2 ? [gain(metric!, values)] : [])];
  });
  const head = [`test ${metric!.label}`, ...titles, ...(runs.length === 2 ? ['gained'] : [])];
  return [columns([head, ...rows]), ...runs.flatMap(({ run }, index) => lastWeights(run).map((line) => `${titles[index]!}: ${line}`))].join('\n');
}

/** What the second value is better by, whichever way the metric counts. */
function gain(metric: Metric, [first, second]: readonly (number | undefined)[]): string {
  if (first === undefined || second === undefined) return NONE;
  const difference = lead(metric, second, first);
  return `${difference > 0 ? '+' : ''}${metric.format === 'percent' ? points(difference) : metricText(difference, metric)}`;
}

/** The α-weights in the last epoch of every stage that has some. */
function lastWeights(run: StoredRun['run']): string[] {
  return run.stages.flatMap(({ id, epochs }) => {
    const last = epochs.at(-1);
    const alpha = last && alphaOf(last);
    return alpha ? [`${id} ended with α_con ${fixed(alpha.consistency, 3)}, α_com ${fixed(alpha.complementary, 3)}`] : [];
  });
}
