import { comparePaired, holm, summarise, verdictOf } from './statistics.ts';
import type { Comparison, StudyCell, StudyRow } from './studyResults.ts';

/** Means this close to one another share their rank. */
const TIE = 1e-9;

/** Rows that the others of their table are compared with: the method itself, as the presets name it. */
const references = ['udi', 'dynamic', 'auto'];

/** The rows with the best and the second mean of every column marked; a column with a single value has neither. */
export function rankColumns(rows: readonly StudyRow[]): StudyRow[] {
  const columns = new Map<string, StudyCell[]>();
  for (const cell of rows.flatMap(({ cells }) => cells)) {
    if (cell.mean !== undefined) columns.set(columnOf(cell), [...columns.get(columnOf(cell)) ?? [], cell]);
  }
  const leaders = new Map([...columns].flatMap(([name, cells]) => (cells.length > 1 ? [[name, leadersOf(cells)] as const] : [])));
  return rows.map((row) => ({
    ...row,
    cells: row.cells.map((cell) => {
      const found = leaders.get(columnOf(cell));
      return found && cell.mean !== undefined ? { ...cell, ...rankOf(cell, cell.mean, found) } : cell;
    }),
  }));
}

function columnOf({ target, metric }: StudyCell): string {
  return `${metric} ${target}`;
}

/** The best cell of a column, and the highest mean below its own. */
function leadersOf(column: readonly StudyCell[]): { best: StudyCell; second: number } {
  const best = column.reduce((first, cell) => (cell.mean! > first.mean! ? cell : first));
  return { best, second: Math.max(...column.flatMap(({ mean }) => (mean! < best.mean! - TIE ? mean! : []))) };
}

function rankOf(cell: StudyCell, mean: number, { best, second }: ReturnType<typeof leadersOf>): Pick<StudyCell, 'rank' | 'tied'> {
  if (mean >= best.mean! - TIE) return { rank: 'best' };
  const tied = mayBeEqual(best, cell);
  return { ...(mean >= second - TIE ? { rank: 'second' } : {}), ...(tied === undefined ? {} : { tied }) };
}

function mayBeEqual(best: StudyCell, cell: StudyCell): boolean | undefined {
  const pairs = pairsOf(best, cell);
  if (pairs.length < 2) return undefined;
  const [low, high] = summarise(pairs.map(([left, right]) => left - right)).interval!;
  return low <= 0 && high >= 0;
}

/**
 * ACC of the row that the method itself is in (else of the best row) against every other one, over the seeds that both
 * have. p values are adjusted by Holm, those of each test over all comparisons.
 */
export function compareRows(rows: readonly StudyRow[]): Comparison[] {
  const scored = rows.flatMap((row) => {
    const cell = row.cells.find(({ target, metric }) => target === row.target && metric === 'ACC');
    return cell ? [{ row, cell }] : [];
  });
  const reference = scored.find(({ row }) => references.includes(row.id))
    ?? scored.toSorted((a, b) => (b.cell.mean ?? -1) - (a.cell.mean ?? -1))[0];
  if (!reference) return [];
  const compared = scored.flatMap((other) => {
    const pairs = other === reference ? [] : pairsOf(reference.cell, other.cell);
    if (pairs.length === 0) return [];
    return [{ right: other.row.id, result: comparePaired(pairs.map(([left]) => left), pairs.map(([, right]) => right)) }];
  });
  const tAdjusted = adjusted(compared.map(({ result }) => result.pairedT?.p));
  const wilcoxonAdjusted = adjusted(compared.map(({ result }) => result.wilcoxon?.p));
  return compared.map(({ right, result }, index): Comparison => {
    const [p, wilcoxon] = [tAdjusted[index], wilcoxonAdjusted[index]];
    return {
      left: reference.row.id, right, n: result.n, difference: result.difference,
      ...(result.pairedT && p !== undefined ? { pairedT: { p, interval: result.pairedT.interval } } : {}),
      ...(wilcoxon === undefined ? {} : { wilcoxon: { p: wilcoxon } }),
      verdict: verdictOf(result, p),
    };
  });
}

/** Values of both cells for the seeds that both have. */
function pairsOf(left: StudyCell, right: StudyCell): [number, number][] {
  return left.values.flatMap(({ seed, value }) => {
    const other = right.values.find((each) => each.seed === seed);
    return other ? [[value, other.value] as [number, number]] : [];
  });
}

/** Holm's adjustment of the tests that there are; the others stay undefined. */
function adjusted(ps: readonly (number | undefined)[]): (number | undefined)[] {
  const given = holm(ps.filter((p) => p !== undefined)).values();
  return ps.map((p) => (p === undefined ? undefined : given.next().value));
}
