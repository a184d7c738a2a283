import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import type { Random } from '../../core/random.ts';
import { createLinear, type Linear } from './layers.ts';
import { prefixed, type Module } from './module.ts';

const LOG_TWO_PI = Math.log(2 * Math.PI);

/**
 * CLUB's variational q(f^m | f^a): a Gaussian with diagonal covariance whose mean and log variance are two separate
 * two-layer networks of f^a; the log variance is bounded by tanh (Cheng et al. 2020; Linear95/CLUB:mi_estimators.py).
 */
export interface MiEstimator extends Module {
  /** Mean and log variance, both [B, d_m], given anchor features [B, d_a]. */
  posterior(anchor: Tensor2D): { mean: Tensor2D; logVariance: Tensor2D };
}

/** Creates an estimator with networks of the given hidden width. */
export function createMiEstimator(anchorSize: number, followerSize: number, width: number, random: Random): MiEstimator {
  const network = (): [Linear, Linear] => [createLinear(anchorSize, width, random), createLinear(width, followerSize, random)];
  const [mean1, mean2] = network();
  const [variance1, variance2] = network();
  const layers = { 'mu.0': mean1, 'mu.2': mean2, 'logvar.0': variance1, 'logvar.2': variance2 };
  return {
    parameters: Object.assign({}, ...Object.entries(layers).map(([name, layer]) => prefixed(name, layer.parameters))),
    buffers: {},
    posterior: (anchor) => ({
      mean: mean2.apply(tf.relu(mean1.apply(anchor))),
      logVariance: tf.tanh(variance2.apply(tf.relu(variance1.apply(anchor)))),
    }),
    dispose: () => {
      for (const layer of Object.values(layers)) layer.dispose();
    },
  };
}

/** Negative log-likelihood of follower features under q, mean over the batch and sum over dimensions, nats (UDI eq. 10). */
export function estimatorLoss(estimator: MiEstimator, anchor: Tensor2D, follower: Tensor2D): Scalar {
  const { mean, logVariance } = estimator.posterior(anchor);
  const square = tf.mul(tf.square(tf.sub(follower, mean)), tf.exp(tf.neg(logVariance)));
  return tf.mean(tf.mul(tf.sum(tf.add(tf.add(square, logVariance), LOG_TWO_PI), -1), 0.5));
}

/**
 * CLUB upper bound I_v(f^a; f^m) over all B² pairs of the batch, summed over dimensions, nats (UDI eq. 8). The second
 * moments of the features over the batch stand for the inner sum, which makes it O(B·d) instead of O(B²·d) (methods.md 5).
 */
export function clubBound(estimator: MiEstimator, anchor: Tensor2D, follower: Tensor2D): Scalar {
  const { mean, logVariance } = estimator.posterior(anchor);
  const first = tf.mean(follower, 0, true);
  const second = tf.mean(tf.square(follower), 0, true);
  const others = tf.add(tf.sub(second, tf.mul(tf.mul(mean, first), 2)), tf.square(mean));
  const own = tf.square(tf.sub(follower, mean));
  return tf.mean(tf.mul(tf.sum(tf.mul(tf.exp(tf.neg(logVariance)), tf.sub(others, own)), -1), 0.5));
}
