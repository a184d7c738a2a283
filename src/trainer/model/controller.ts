import * as tf from '@tensorflow/tfjs-core';
import type { Scalar } from '@tensorflow/tfjs-core';
import type { NamedTensors } from './module.ts';

/** Guards the division when no gradient agrees (UDI eq. 16). */
export const CONTROLLER_EPSILON = 1e-8;

/** Gradient alignments ξ and the weights α that follow from them; scalars. */
export interface ControllerResult {
  readonly xi: { readonly consistency: Scalar; readonly complementary: Scalar };
  readonly alpha: { readonly consistency: Scalar; readonly complementary: Scalar };
}

/** Inner product of two gradients over the parameters that both have (UDI eq. 14). */
export function alignment(left: NamedTensors, right: NamedTensors): Scalar {
  const products = Object.keys(left).filter((name) => name in right).map((name) => tf.sum(tf.mul(left[name]!, right[name]!)));
  return products.length === 0 ? tf.scalar(0) : tf.addN(products) as Scalar;
}

/**
 * The dynamic controller: α_i = relu(ξ_i) / (relu(ξ_con) + relu(ξ_com) + ε) (UDI eq. 14–16). Stays on the device.
 * `classification`, `consistency` and `complementary` are gradients of the three losses by parameter name.
 */
export function dynamicController(
  classification: NamedTensors, consistency: NamedTensors, complementary: NamedTensors, epsilon = CONTROLLER_EPSILON,
): ControllerResult {
  const xi = { consistency: alignment(classification, consistency), complementary: alignment(classification, complementary) };
  const positive = { consistency: tf.relu(xi.consistency), complementary: tf.relu(xi.complementary) };
  const sum = tf.add(tf.add(positive.consistency, positive.complementary), epsilon);
  return { xi, alpha: { consistency: tf.div(positive.consistency, sum), complementary: tf.div(positive.complementary, sum) } };
}
