import { UserError } from '../../core/errors.ts';
import type { EpochEvent, TestScores } from '../../core/run/events.ts';
import type { RunError } from '../../core/run/run.ts';

/** Where a run is when it is checked: `step` (from 1) of the first bad loss, where that is known. */
type Place = NonNullable<RunError['diverged']>;

/** Ends a run in which a loss, a score or a reading is NaN or infinite. The checkpoint is that of the last epoch before. */
export class Diverged extends UserError {
  constructor(readonly diverged: Place, what: string, learningRate: number) {
    const { stage, epoch, step } = diverged;
    const where = step === undefined ? `in epoch ${epoch} of ${stage}` : `at step ${step} of epoch ${epoch} of ${stage}`;
    const good = epoch > 1 ? `epoch ${epoch - 1} of ${stage}, the last good one` : `the beginning of ${stage}`;
    super(`The run diverged ${where}: ${what} is not finite (NaN or Inf).`,
      `Lower training.learningRate (now ${learningRate}) in a new run, or look for damaged inputs. Resuming goes on from ${good}.`);
  }
}

/**
 * Checks what an epoch came to.
 * @throws Diverged if a loss, a validation score or a reading is not finite
 */
export function requireFiniteEpoch({ stage, epoch, losses, validation, readings = {}, learningRate = 0 }: EpochEvent, badStep: number | undefined): void {
  const bad = badStep === undefined ? undefined : 'the loss';
  const found = bad
    ?? nameOfBad(losses, (name) => `the loss ${name}`)
    ?? Object.entries(validation).map(([target, scores]) => nameOfBad(scores, (name) => `the validation ${name} of ${target}`)).find((each) => each !== undefined)
    ?? nameOfBad(readings, (name) => `the reading ${name}`);
  if (found !== undefined) throw new Diverged({ stage, epoch, ...(badStep === undefined ? {} : { step: badStep + 1 }) }, found, learningRate);
}

/**
 * Checks the final scores of a run whose last stage kept the weights of this epoch.
 * @throws Diverged if one is not finite
 */
export function requireFiniteTest(scores: Readonly<Record<string, TestScores>>, kept: { readonly stage: string; readonly epoch: number }, learningRate: number): void {
  for (const [target, each] of Object.entries(scores)) {
    const found = nameOfBad(each, (name) => `the test ${name} of ${target}`);
    if (found !== undefined) throw new Diverged(kept, found, learningRate);
  }
}

function nameOfBad(values: Readonly<Record<string, unknown>>, describe: (name: string) => string): string | undefined {
  const bad = Object.entries(values).find(([, value]) => typeof value === 'number' && !Number.isFinite(value));
  return bad && describe(bad[0]);
}
