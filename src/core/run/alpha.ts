import type { EpochEvent } from './events.ts';

/** A value for each of the two unsupervised terms. */
export interface TermValues {
  readonly consistency: number;
  readonly complementary: number;
}

/** What of an epoch holds its weights. */
type Read = Pick<EpochEvent, 'readings'>;

/** Weights α of the unsupervised terms in an epoch; undefined unless its method reports both. A method's own setting named `alpha` is something else. */
export function alphaOf({ readings }: Read): TermValues | undefined {
  return termsOf('alpha', readings);
}

/** Gradient alignments ξ that the weights were computed from; undefined where no controller ran. */
export function xiOf({ readings }: Read): TermValues | undefined {
  return termsOf('xi', readings);
}

/** Whether any of these epochs has weights α of unsupervised terms: whether there is something to draw or list. */
export function haveAlpha(epochs: readonly Read[]): boolean {
  return epochs.some((epoch) => alphaOf(epoch) !== undefined);
}

/** Whether a run is of a method that has weights α in its followers, also before its first one: by its settings, or by what it reported. */
export function expectsAlpha(method: Readonly<Record<string, unknown>>, epochs: readonly Read[]): boolean {
  const { alpha } = method;
  return haveAlpha(epochs) || alpha === 'dynamic' || (typeof alpha === 'object' && alpha !== null && 'consistency' in alpha && 'complementary' in alpha);
}

/** Whether a reading is one of the above, so that it need not be shown once more among the others. */
export function isTermReading(name: string): boolean {
  return /^(alpha|xi)\.(consistency|complementary)$/.test(name);
}

function termsOf(prefix: 'alpha' | 'xi', readings: Read['readings']): TermValues | undefined {
  const consistency = readings?.[`${prefix}.consistency`];
  const complementary = readings?.[`${prefix}.complementary`];
  return consistency === undefined || complementary === undefined ? undefined : { consistency, complementary };
}
