import type { Random } from '../../core/random.ts';

/**
 * Shares `total` out over classes in proportion to `counts` (largest remainder, ties to the lower class).
 * `total` must not be above the sum of the counts.
 */
export function allocate(counts: readonly number[], total: number): number[] {
  const sum = counts.reduce((a, b) => a + b, 0);
  const exact = counts.map((count) => (sum === 0 ? 0 : (count * total) / sum));
  const shares = exact.map(Math.floor);
  const order = exact.map((_, index) => index)
    .sort((a, b) => (exact[b]! - shares[b]!) - (exact[a]! - shares[a]!) || a - b);
  const left = total - shares.reduce((a, b) => a + b, 0);
  for (const index of order.slice(0, left)) shares[index]!++;
  return shares;
}

/** `count` of the rows with the classes in their proportions: the first ones of each class, in the order of `rows`. */
export function stratifiedSubset(
  rows: Int32Array, labels: ArrayLike<number>, classes: number, count: number,
): Int32Array {
  const counts = new Array<number>(classes).fill(0);
  for (const row of rows) counts[labels[row]!]!++;
  const left = allocate(counts, count);
  return rows.filter((row) => left[labels[row]!]!-- > 0);
}

/** Shuffles all rows and holds out `count` of them, stratified. Both parts come in shuffled order. */
export function holdOut(
  labels: ArrayLike<number>, classes: number, count: number, random: Random,
): { kept: Int32Array; heldOut: Int32Array } {
  const rows = random.shuffle(Int32Array.from({ length: labels.length }, (_, row) => row));
  const heldOut = stratifiedSubset(rows, labels, classes, count);
  const isHeldOut = new Set(heldOut);
  return { kept: rows.filter((row) => !isHeldOut.has(row)), heldOut };
}
