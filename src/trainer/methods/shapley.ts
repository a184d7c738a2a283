/** Non-empty subsets of `count` modalities as bit masks, the whole set last. */
export function subsets(count: number): number[] {
  return Array.from({ length: 2 ** count - 1 }, (_, index) => index + 1);
}

/** Number of modalities in a bit mask. */
export function sizeOf(subset: number): number {
  return subset.toString(2).replaceAll('0', '').length;
}

/** What a modality adds to a subset without it (`before`, may be 0) and the weight of that, |S|!(M-|S|-1)!/M!. */
export interface ShapleyTerm {
  readonly before: number;
  readonly after: number;
  readonly weight: number;
}

/** The terms of the Shapley value of every modality, in order (Shapley 1953; methods.md 4.8, 4.15). */
export function shapleyTerms(count: number): ShapleyTerm[][] {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  return Array.from({ length: count }, (_, modality) => {
    const own = 2 ** modality;
    return [0, ...subsets(count)].filter((subset) => (subset & own) === 0).map((before) => {
      const size = sizeOf(before);
      return { before, after: before | own, weight: factorial(size) * factorial(count - size - 1) / factorial(count) };
    });
  });
}
