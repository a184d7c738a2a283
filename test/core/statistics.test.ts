import { describe, expect, it } from 'vitest';
import { comparePaired, mayBeBest, summarise, verdictOf } from '../../src/core/study/statistics.ts';

/** Student's original data (1908): additional hours of sleep of ten patients under two drugs, as in R's `sleep`. */
const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];

/** Two-sided p of the signed-rank test by trying all sign patterns; ranks by counting, ties by their mean. */
function bruteForce(differences: readonly number[]): number {
  const kept = differences.filter((difference) => difference !== 0);
  const sizes = kept.map(Math.abs);
  const ranks = sizes.map((size) => {
    const places = [...sizes].sort((a, b) => a - b).flatMap((other, place) => (other === size ? [place + 1] : []));
    return places.reduce((a, b) => a + b) / places.length;
  });
  const middle = ranks.reduce((a, b) => a + b, 0) / 2;
  const distance = (isPositive: (index: number) => boolean) =>
    Math.abs(ranks.reduce((total, rank, index) => total + (isPositive(index) ? rank : 0), 0) - middle);
  const observed = distance((index) => kept[index]! > 0);
  const patterns = 2 ** kept.length;
  let extreme = 0;
  for (let pattern = 0; pattern < patterns; pattern += 1) {
    if (distance((index) => (pattern >> index & 1) === 1) >= observed) extreme += 1;
  }
  return extreme / patterns;
}

describe('summarise', () => {
  it('gives mean, sample standard deviation and the t interval', () => {
    // sd of 1, 2, 3 is 1; the 97.5 % quantile of t is 4.302653 with 2 and 2.776445 with 4 degrees of freedom.
    const three = summarise([1, 2, 3]);
    expect(three).toMatchObject({ n: 3, mean: 2, sd: 1 });
    expect(three.interval![0]).toBeCloseTo(2 - 4.302653 / Math.sqrt(3), 6);
    expect(three.interval![1]).toBeCloseTo(2 + 4.302653 / Math.sqrt(3), 6);
    const five = summarise([2, 4, 4, 4, 6]);
    expect(five.sd).toBeCloseTo(Math.SQRT2, 12);
    expect(five.interval![1]).toBeCloseTo(4 + 2.776445 * Math.sqrt(2 / 5), 6);
  });

  it('uses the Cauchy quantile for two values', () => {
    // With one degree of freedom the quantile is tan(0.475 π); sd of 0 and 2 is √2, its standard error 1.
    expect(summarise([0, 2]).interval![1]).toBeCloseTo(1 + Math.tan(0.475 * Math.PI), 9);
  });

  it('has no spread for one value and refuses none', () => {
    expect(summarise([0.7])).toEqual({ n: 1, mean: 0.7 });
    expect(() => summarise([])).toThrow(RangeError);
  });

  it('finds no spread in equal values that floats cannot hold', () => {
    expect(summarise([0.1, 0.1, 0.1])).toEqual({ n: 3, mean: 0.1, sd: 0, interval: [0.1, 0.1] });
  });
});

describe('comparePaired', () => {
  it("reproduces the published test of Student's sleep data", () => {
    // R: t = -4.0621, df = 9, p-value = 0.002833, interval -2.4598858 -0.7001142, mean -1.58; V = 0 of nine ranks.
    const { n, difference, pairedT, wilcoxon } = comparePaired(first, second);
    expect(n).toBe(10);
    expect(difference).toBeCloseTo(-1.58, 12);
    expect(pairedT!.p).toBeCloseTo(0.002833, 6);
    expect(pairedT!.interval[0]).toBeCloseTo(-2.4598858, 6);
    expect(pairedT!.interval[1]).toBeCloseTo(-0.7001142, 6);
    expect(wilcoxon).toEqual({ p: 2 / 2 ** 9, smallest: 2 / 2 ** 9 });
  });

  it('agrees with the closed form of t with two degrees of freedom', () => {
    // Differences 1, 2, 3: t = 2√3, and P(T > t) = (1 - t / √(2 + t²)) / 2.
    const t = 2 * Math.sqrt(3);
    expect(comparePaired([1, 2, 3], [0, 0, 0]).pairedT!.p).toBeCloseTo(1 - t / Math.sqrt(2 + t * t), 12);
  });

  it.each([
    ['distinct ranks', [1, -2, 3, 4, -5, 6, 7]],
    ['ties', [1, -1, 1, 2, 2, -2, 3, 3]],
    ['zeros, which are dropped', [0, 3, -1, 2, 0, 4, 5]],
    ['only one sign', [1, 2, 3, 4, 5, 6]],
    ['a sum in the middle', [1, -2, -3, 4]],
  ])('gives the exact Wilcoxon p for %s', (_, differences) => {
    const { wilcoxon } = comparePaired(differences, differences.map(() => 0));
    expect(wilcoxon!.p).toBeCloseTo(bruteForce(differences), 12);
  });

  it('ranks differences as ties that differ by float noise only', () => {
    // 0.9 - 0.8 and 0.8 - 0.7 are not equal as floats.
    const { wilcoxon } = comparePaired([0.9, 0.7, 0.95, 0.6], [0.8, 0.8, 0.75, 0.3]);
    expect(wilcoxon!.p).toBeCloseTo(bruteForce([1, -1, 2, 3]), 12);
  });

  it('changes nothing but the sign when the sides are swapped', () => {
    const there = comparePaired(first, second);
    const back = comparePaired(second, first);
    expect(back.difference).toBe(-there.difference);
    expect(back.wilcoxon).toEqual(there.wilcoxon);
    expect(back.pairedT!.p).toBeCloseTo(there.pairedT!.p, 15);
  });

  it('gives no test for fewer than three pairs', () => {
    expect(comparePaired([2], [1])).toEqual({ n: 1, difference: 1 });
    expect(comparePaired([2, 3], [1, 1])).toEqual({ n: 2, difference: 1.5 });
  });

  it('has finite numbers where the differences do not vary', () => {
    expect(comparePaired([0.3, 0.4, 0.5], [0.3, 0.4, 0.5]))
      .toEqual({ n: 3, difference: 0, pairedT: { p: 1, interval: [0, 0] }, wilcoxon: { p: 1, smallest: 1 } });
    expect(comparePaired([0.3, 0.5, 0.9], [0.2, 0.4, 0.8])).toEqual({ n: 3, difference: 0.1, wilcoxon: { p: 0.25, smallest: 0.25 } });
  });

  it('refuses lists that do not pair', () => {
    expect(() => comparePaired([1, 2], [1])).toThrow('found 2 and 1');
    expect(() => comparePaired([], [])).toThrow(RangeError);
  });
});

describe('a family of comparisons', () => {
  it('multiplies p by Bonferroni up to 1, and widens the interval to match: it leaves out 0 just where p is below 0.05', () => {
    const [left, right] = [[0.9, 0.93, 0.91, 0.95], [0.88, 0.9, 0.9, 0.92]];
    const alone = comparePaired(left, right);
    for (const family of [1, 2, 3, 6, 50]) {
      const { pairedT, wilcoxon } = comparePaired(left, right, family);
      expect(pairedT!.p).toBeCloseTo(Math.min(1, family * alone.pairedT!.p), 12);
      expect(wilcoxon!.p).toBe(Math.min(1, family * alone.wilcoxon!.p));
      expect(pairedT!.interval[0] > 0).toBe(pairedT!.p < 0.05);
      expect((pairedT!.interval[0] + pairedT!.interval[1]) / 2).toBeCloseTo(alone.difference, 12);
    }
    // t = 4.7000 with 3 degrees of freedom: p = 0.0182, twice that is still below 0.05, three times is not.
    expect([1, 2, 3].map((family) => comparePaired(left, right, family).pairedT!.p < 0.05)).toEqual([true, true, false]);
  });
});

describe('mayBeBest', () => {
  it('is false where another row is better in a one-sided test at 5 % divided by their number', () => {
    // Mean 0.02, sd 0.01, n = 4: t = 4. One-sided 5 % is t = 2.353 with 3 degrees of freedom; 5 %/4 is 4.177, 5 %/3 is 3.740.
    const lead = [0.02 - 0.01 * Math.sqrt(1.5), 0.02, 0.02, 0.02 + 0.01 * Math.sqrt(1.5)];
    const none = [0, 0, 0, 0];
    expect(mayBeBest([lead])).toBe(false);
    expect(mayBeBest([lead, none, none])).toBe(false);
    expect(mayBeBest([lead, none, none, none])).toBe(true);
  });

  it('does not count rows that share fewer than two seeds, and rows that were worse', () => {
    expect(mayBeBest([[0.5], []])).toBe(true);
    expect(mayBeBest([[-0.5, -0.5, -0.5]])).toBe(true);
    expect(mayBeBest([])).toBe(true);
  });
});

describe('verdictOf', () => {
  const verdict = (left: readonly number[], right: readonly number[]) => verdictOf(comparePaired(left, right));
  const adjusted = (left: readonly number[], right: readonly number[], p: number) => {
    const comparison = comparePaired(left, right);
    return { ...comparison, pairedT: { ...comparison.pairedT!, p } };
  };

  it('calls one and two pairs too few', () => {
    expect(verdict([2], [1])).toBe('n = 1: too few to tell');
    expect(verdict([2, 3], [1, 1])).toBe('n = 2: too few to tell');
  });

  it('names the better side from the adjusted p alone, whichever way the metric counts', () => {
    expect(verdictOf(adjusted(second, first, 0.0123))).toBe('left is better (p = 0.012)');
    expect(verdictOf(adjusted(second, first, 0.0123), 'lower')).toBe('right is better (p = 0.012)');
    expect(verdictOf(adjusted(first, second, 0.00002))).toBe('right is better (p < 0.001)');
    expect(verdictOf(adjusted(second, first, 0.05))).toBe('no difference shown (p = 0.050)');
    expect(verdictOf(adjusted(second, first, 0.31))).toBe('no difference shown (p = 0.31)');
  });

  it('says where Wilcoxon cannot reach 0.05, counting only pairs that differ', () => {
    expect(verdictOf(adjusted([1, 2, 3, 4, 5], [0, 0, 0, 0, 0], 0.01))).toBe('left is better (p = 0.010; Wilcoxon cannot fall below 0.0625 with so few pairs)');
    expect(verdict([1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 0])).not.toContain('Wilcoxon');
    expect(verdict([1, 2, 3, 4, 5, 6], [0, 0, 0, 0, 0, 6])).toContain('Wilcoxon cannot fall below 0.0625');
    expect(verdict([1, 2, 6], [1, 2, 3])).toBe('no difference shown (p = 0.42; Wilcoxon cannot fall below 1 with so few pairs)');
  });

  it('does not test where nothing varies', () => {
    expect(verdict([1, 2, 3], [1, 2, 3])).toBe('no difference: all 3 pairs are equal');
    expect(verdict([2, 3, 4], [1, 2, 3]))
      .toBe('the same difference in all 3 pairs: a t test needs spread; Wilcoxon cannot fall below 0.25 with so few pairs');
  });
});
