import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** Mean cross entropy of logits [B, C] against one-hot labels [B, C], nats (methods.md 3.1; UDI eq. 3). */
export function crossEntropy(logits: Tensor2D, oneHot: Tensor2D): Scalar {
  return tf.neg(tf.mean(tf.sum(tf.mul(oneHot, tf.logSoftmax(logits)), -1)));
}

/**
 * Jensen–Shannon divergence of softmax(anchor) and softmax(follower) per sample, [B], in [0, log 2] nats (UDI eq. 4).
 * Works on log-probabilities throughout: log((p+q)/2) is a log-sum-exp, so probabilities near 0 are exact.
 */
export function jensenShannon(anchor: Tensor2D, follower: Tensor2D): Tensor1D {
  const logP = tf.logSoftmax(anchor);
  const logQ = tf.logSoftmax(follower);
  const highest = tf.maximum(logP, logQ);
  const logMixture = tf.sub(tf.add(highest, tf.log1p(tf.exp(tf.neg(tf.abs(tf.sub(logP, logQ)))))), Math.LN2);
  const toP = tf.sum(tf.mul(tf.exp(logP), tf.sub(logP, logMixture)), -1);
  const toQ = tf.sum(tf.mul(tf.exp(logQ), tf.sub(logQ, logMixture)), -1);
  return tf.mul(tf.add(toP, toQ), 0.5);
}

/**
 * What `compute` makes of the tensors, cut off from the tape: a constant for the gradient, so comparisons and other
 * operations without a gradient may be used inside (methods.md 3.1, sg).
 */
export function detached<T extends Tensor>(compute: (...inputs: Tensor[]) => T, ...inputs: Tensor[]): T {
  const cut = tf.customGrad((...given) => ({
    value: compute(...given.slice(0, inputs.length) as Tensor[]),
    gradFunc: () => inputs.map((input) => tf.zerosLike(input)),
  }));
  return cut(...inputs) as T;
}

/** The same values, cut off from the tape: nothing before it receives a gradient through the result. */
export function stopGradient<T extends Tensor>(tensor: T): T {
  return detached((input) => tf.clone(input) as T, tensor);
}

/** Probability that softmax(logits) gives the right class of every sample, [B]; logits and one-hot labels are [B, C]. */
export function rightProbability(logits: Tensor2D, oneHot: Tensor2D): Tensor1D {
  return tf.sum(tf.mul(tf.softmax(logits), oneHot), -1);
}
