import tDistribution from '@stdlib/stats-base-dists-t-cdf';
import tQuantile from '@stdlib/stats-base-dists-t-quantile';

/** A difference counts as shown below this p value; intervals have the matching coverage of 95 %, of a whole family together. */
const LEVEL = 0.05;
/** Pairs below which neither test is given: with two, even the smallest possible p of Wilcoxon is 0.5. */
const FEWEST_PAIRS = 3;

/** Mean of some values with what is known about its spread; `sd` and `interval` need two values. */
export interface Summary {
  readonly n: number;
  readonly mean: number;
  /** Sample standard deviation (divided by n - 1). */
  readonly sd?: number;
  /** 95 % confidence interval of the mean, by Student's t with n - 1 degrees of freedom. */
  readonly interval?: readonly [number, number];
}

/** Left minus right over pairs, e.g. two methods over the same seeds. Both tests are two-sided. */
export interface PairedComparison {
  readonly n: number;
  /** Mean of left minus right. */
  readonly difference: number;
  /** Paired t test; absent with fewer than three pairs, and where all differences are equal but not 0. */
  readonly pairedT?: { readonly p: number; readonly interval: readonly [number, number] };
  /** Exact Wilcoxon signed-rank test; absent with fewer than three pairs. `smallest` is the lowest p it can give here, adjusted too. */
  readonly wilcoxon?: { readonly p: number; readonly smallest: number };
}

/** Mean, sample standard deviation and 95 % interval of the mean. Throws a RangeError without values. */
export function summarise(values: readonly number[]): Summary {
  const [first] = values;
  const n = values.length;
  if (first === undefined) throw new RangeError('expected at least one value to summarise, found none');
  // From the first value on, so that equal values have exactly that mean and a deviation of exactly 0.
  const mean = first + sum(values.map((value) => value - first)) / n;
  if (n === 1) return { n, mean };
  const sd = Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / (n - 1));
  const half = tQuantile(1 - LEVEL / 2, n - 1) * sd / Math.sqrt(n);
  return { n, mean, sd, interval: [mean - half, mean + half] };
}

/**
 * Compares `left[i]` with `right[i]` by a paired t test and the exact Wilcoxon signed-rank test (pairs without a
 * difference dropped, ties by mid-ranks). Both p and the interval are adjusted by Bonferroni for a family of so many comparisons,
 * so that one is below 0.05 just where the other leaves out 0. Throws a RangeError if the lists differ in length or are empty.
 */
export function comparePaired(left: readonly number[], right: readonly number[], family = 1): PairedComparison {
  if (left.length !== right.length) {
    throw new RangeError(`expected as many values on the left as on the right, found ${left.length} and ${right.length}`);
  }
  // Scores are counts divided by a sample size; rounding makes differences equal that are equal but for float noise.
  const differences = left.map((value, index) => Math.round((value - right[index]!) * 1e12) / 1e12);
  const { n, mean, sd } = summarise(differences);
  const comparison = { n, difference: mean };
  if (n < FEWEST_PAIRS || sd === undefined) return comparison;
  const adjusted = (p: number): number => Math.min(1, family * p);
  const ranks = signedRank(differences.filter((difference) => difference !== 0));
  const wilcoxon = { p: adjusted(ranks.p), smallest: adjusted(ranks.smallest) };
  // Equal differences other than 0 would make t infinite and p 0, which says more than a few pairs can.
  if (sd === 0 && mean !== 0) return { ...comparison, wilcoxon };
  const p = sd === 0 ? 1 : 2 * tDistribution(-Math.abs(mean) / (sd / Math.sqrt(n)), n - 1);
  const half = tQuantile(1 - LEVEL / family / 2, n - 1) * sd / Math.sqrt(n);
  return { ...comparison, pairedT: { p: adjusted(p), interval: [mean - half, mean + half] }, wilcoxon };
}

/**
 * Whether a row may be the best of several, given by how much each other one was better than it, pair by pair: no other one is better in
 * a one-sided paired t test at 5 % divided by their number. The rows of which this holds have the best among them with 95 % confidence,
 * whichever of them came out best here (Hsu's multiple comparisons with the best, with Bonferroni's bound instead of a common variance).
 * Rows with fewer than two pairs say nothing.
 */
export function mayBeBest(leads: readonly (readonly number[])[]): boolean {
  const told = leads.filter((pairs) => pairs.length > 1);
  return told.every((pairs) => {
    const { n, mean, sd = 0 } = summarise(pairs.map((each) => Math.round(each * 1e12) / 1e12));
    return mean - tQuantile(1 - LEVEL / told.length, n - 1) * sd / Math.sqrt(n) <= 0;
  });
}

/**
 * What a comparison shows, as a fragment of a sentence; `better` says which way its metric counts. Says so where there are too few
 * pairs for Wilcoxon to fall below 0.05.
 */
export function verdictOf({ n, difference, pairedT, wilcoxon }: PairedComparison, better: 'higher' | 'lower' = 'higher'): string {
  if (n < FEWEST_PAIRS || wilcoxon === undefined) return `n = ${n}: too few to tell`;
  if (pairedT === undefined) return `the same difference in all ${n} pairs: a t test needs spread${limit(wilcoxon.smallest)}`;
  if (difference === 0 && wilcoxon.smallest === 1) return `no difference: all ${n} pairs are equal`;
  const leads = (difference > 0) === (better === 'higher') ? 'left' : 'right';
  return `${pairedT.p >= LEVEL ? 'no difference shown' : `${leads} is better`} (${pText(pairedT.p)}${limit(wilcoxon.smallest)})`;
}

function limit(smallest: number): string {
  return smallest < LEVEL ? '' : `; Wilcoxon cannot fall below ${Number(smallest.toPrecision(3))} with so few pairs`;
}

function pText(p: number): string {
  return p < 0.001 ? 'p < 0.001' : `p = ${p.toPrecision(2)}`;
}

/**
 * Exact two-sided signed-rank test of differences other than 0. The distribution of the sum of positive ranks over all
 * sign patterns is built rank by rank, which holds for ties too; the published libraries turn to a normal approximation there.
 */
function signedRank(differences: readonly number[]): { p: number; smallest: number } {
  const ranks = doubledRanks(differences.map(Math.abs));
  let shares = [1];
  for (const rank of ranks) {
    const next = new Array<number>(shares.length + rank).fill(0);
    shares.forEach((share, value) => {
      next[value]! += share / 2;
      next[value + rank]! += share / 2;
    });
    shares = next;
  }
  const positive = sum(ranks.filter((_, index) => differences[index]! > 0));
  const below = sum(shares.slice(0, positive + 1));
  const above = sum(shares.slice(positive));
  return { p: Math.min(1, 2 * Math.min(below, above)), smallest: Math.min(1, 2 ** (1 - ranks.length)) };
}

/** Twice the rank of every value (from 1), ties by their mean rank: doubled, so that all are whole numbers. */
function doubledRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    const smaller = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return 2 * smaller + equal + 1;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
