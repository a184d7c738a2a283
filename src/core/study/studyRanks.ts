import type { Metric } from '../run/events.ts';
import { isTie, lead } from '../run/metrics.ts';
import { FUSION } from '../run/targets.ts';
import { comparePaired, mayBeBest, verdictOf } from './statistics.ts';
import type { Comparison, StudyCell, StudyRow, StudyTable } from './studyResults.ts';

/** Seeds below which the mean of a cell is not ranked: the order would be that of single runs. */
const FEWEST_SEEDS = 2;

/** Rows that the others of their table are compared with: the method itself, as the presets name it. */
const references = ['udi', 'dynamic', 'auto'];

/** A column of the table: the cells that take part in its ranking, and its best and second mean. */
interface Column {
  readonly metric: Metric;
  readonly cells: readonly StudyCell[];
  readonly best: StudyCell;
  readonly second: number | undefined;
}

/** The rows with the best and the second mean of every column marked; a column with a single ranked value has neither. */
export function rankColumns(rows: readonly StudyRow[], metrics: readonly Metric[]): StudyRow[] {
  const fused = rows.some(hasFusion);
  const taking = new Set(rows.filter((row) => !fused || row.target !== FUSION || hasFusion(row)).flatMap(({ cells }) => cells).filter(isRanked));
  const targets = new Set([...taking].map(({ target }) => target));
  const columns = new Map([...targets].flatMap((target) => metrics.flatMap((metric) => {
    const cells = [...taking].filter((cell) => cell.target === target && cell.metric === metric.id);
    return cells.length > 1 ? [[columnOf(cells[0]!), columnFor(metric, cells)] as const] : [];
  })));
  return rows.map((row) => ({
    ...row,
    cells: row.cells.map((cell) => {
      const column = taking.has(cell) ? columns.get(columnOf(cell)) : undefined;
      return column ? { ...cell, ...rankOf(cell, column) } : cell;
    }),
  }));
}

/** A branch that a run without fusion has trained alone is not set against the branches of fused models. */
function hasFusion({ cells }: StudyRow): boolean {
  return cells.some(({ target, values }) => target === FUSION && values.length > 0);
}

function isRanked({ mean, values }: StudyCell): boolean {
  return mean !== undefined && values.length >= FEWEST_SEEDS;
}

function columnOf({ target, metric }: StudyCell): string {
  return `${metric} ${target}`;
}

function columnFor(metric: Metric, cells: readonly StudyCell[]): Column {
  const best = cells.reduce((first, cell) => (lead(metric, cell.mean!, first.mean!) > 0 ? cell : first));
  const others = cells.flatMap(({ mean }) => (isTie(mean!, best.mean!) ? [] : [mean!]));
  const second = others.length > 0 ? others.reduce((first, mean) => (lead(metric, mean, first) > 0 ? mean : first)) : undefined;
  return { metric, cells, best, second };
}

function rankOf(cell: StudyCell, { metric, cells, best, second }: Column): Pick<StudyCell, 'rank' | 'tied'> {
  const mean = cell.mean!;
  if (isTie(mean, best.mean!)) return { rank: 'best' };
  const leads = cells.filter((other) => other !== cell).map((other) => pairsOf(other, cell).map(([left, right]) => lead(metric, left, right)));
  return {
    ...(second !== undefined && isTie(mean, second) ? { rank: 'second' as const } : {}),
    ...(pairsOf(best, cell).length < FEWEST_SEEDS ? {} : { tied: mayBeBest(leads) }),
  };
}

/**
 * The headline metric of the row that the method itself is in (else of the best row) against every other one, over the seeds that both
 * have. Where the reference is the best row, it was chosen from the same data: p values and intervals are adjusted over all pairs of
 * rows then, which holds for whichever pairs are looked at.
 */
export function compareRows(rows: readonly StudyRow[], metric: Metric): Pick<StudyTable, 'comparisons' | 'comparisonNote'> {
  const scored = rows.flatMap((row) => {
    const cell = row.cells.find((each) => each.target === row.target && each.metric === metric.id);
    return cell && cell.mean !== undefined ? [{ row, cell, mean: cell.mean }] : [];
  });
  const fixed = rows.find(({ id }) => references.includes(id));
  const candidates = scored.some(({ cell }) => isRanked(cell)) ? scored.filter(({ cell }) => isRanked(cell)) : scored;
  const reference = fixed
    ? scored.find(({ row }) => row === fixed)
    : candidates.toSorted((a, b) => lead(metric, b.mean, a.mean))[0];
  if (!reference) return { comparisons: [] };
  const compared = scored.flatMap((other) => {
    const pairs = other === reference ? [] : pairsOf(reference.cell, other.cell);
    return pairs.length === 0 ? [] : [{ right: other.row.id, pairs }];
  });
  if (compared.length === 0) return { comparisons: [] };
  const family = fixed ? compared.length : (scored.length * (scored.length - 1)) / 2;
  const comparisons = compared.map(({ right, pairs }): Comparison => {
    const result = comparePaired(pairs.map(([left]) => left), pairs.map(([, each]) => each), family);
    return {
      left: reference.row.id, right, n: result.n, difference: result.difference,
      ...(result.pairedT ? { pairedT: result.pairedT } : {}),
      ...(result.wilcoxon ? { wilcoxon: { p: result.wilcoxon.p } } : {}),
      verdict: verdictOf(result, metric.better),
    };
  });
  return { comparisons, comparisonNote: fixed ? fixedNote(family) : chosenNote(reference.row.label, scored.length, family) };
}

function fixedNote(family: number): string {
  return family === 1 ? 'One comparison, not adjusted.' : `p values and 95 % intervals are adjusted by Bonferroni over the ${family} comparisons.`;
}

function chosenNote(label: string, rows: number, family: number): string {
  const chosen = `${label} is the reference because it is the best row of these same data.`;
  return family === 1
    ? `${chosen} There is one pair of rows: nothing is adjusted, and which of the two is on the left says nothing.`
    : `${chosen} So that this choice does not count as evidence, p values and 95 % intervals are adjusted by Bonferroni over all ${family} pairs of the ${rows} rows.`;
}

/** Values of both cells for the seeds that both have. */
function pairsOf(left: StudyCell, right: StudyCell): [number, number][] {
  return left.values.flatMap(({ seed, value }) => {
    const other = right.values.find((each) => each.seed === seed);
    return other ? [[value, other.value] as [number, number]] : [];
  });
}
