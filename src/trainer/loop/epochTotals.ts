import * as tf from '@tensorflow/tfjs-core';
import type { Scalar } from '@tensorflow/tfjs-core';
import type { LossTerms } from './batch.ts';

/** Larger than any step number, exactly representable in float32. */
const NEVER = 1e9;

/** Sums of the loss terms over the samples of an epoch. They stay on the device and are read once, at its end. */
export class EpochTotals {
  private sums: Record<string, Scalar> = {};
  private firstBadStep: Scalar = tf.keep(tf.scalar(NEVER));
  private counts: Record<string, number> = {};

  /** Adds the mean losses of a batch of `size` samples. */
  add(terms: LossTerms, size: number, step: number): void {
    for (const [name, term] of Object.entries(terms)) {
      this.counts[name] = (this.counts[name] ?? 0) + size;
      const old = this.sums[name];
      this.sums[name] = tf.keep(tf.tidy(() => (old ? tf.add(old, tf.mul(term, size)) : tf.mul(term, size)) as Scalar));
      old?.dispose();
    }
    const old = this.firstBadStep;
    this.firstBadStep = tf.keep(tf.tidy(() =>
      tf.minimum(old, tf.where(tf.isFinite(terms.total), tf.scalar(NEVER), tf.scalar(step))) as Scalar));
    old.dispose();
  }

  /** Mean of every term over the samples it was added for, extra scalars as they are, and the first step with a non-finite loss. Frees the sums. */
  async read(readings: Readonly<Record<string, tf.Tensor>>): Promise<{ losses: Record<string, number>; readings: Record<string, number>; badStep?: number }> {
    const names = Object.keys(this.sums);
    const extra = Object.keys(readings);
    const packed = tf.tidy(() => tf.stack([this.firstBadStep, ...names.map((name) => this.sums[name]!), ...extra.map((name) => readings[name]!)]));
    const values = await packed.data();
    packed.dispose();
    this.dispose();
    const badStep = values[0]! < NEVER ? values[0]! : undefined;
    return {
      losses: Object.fromEntries(names.map((name, index) => [name, values[index + 1]! / this.counts[name]!])),
      readings: Object.fromEntries(extra.map((name, index) => [name, values[index + 1 + names.length]!])),
      ...(badStep === undefined ? {} : { badStep }),
    };
  }

  dispose(): void {
    tf.dispose([this.sums, this.firstBadStep] as unknown as tf.Tensor[]);
    this.sums = {};
  }
}
