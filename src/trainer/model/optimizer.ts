import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Variable } from '@tensorflow/tfjs-core';
import { prefixed, type NamedTensors, type NamedVariables } from './module.ts';

/**
 * Value of `loss` and its gradients with respect to `variables`, by the names of the record. Variables that the loss
 * does not reach are absent; with frozen parts that may be all of them (which `tf.variableGrads` would not take).
 * May be called inside another `gradientsOf` (the tape is shared), e.g. by the controller.
 */
export function gradientsOf(loss: () => Scalar, variables: NamedVariables): { value: Scalar; gradients: NamedTensors } {
  const names = Object.keys(variables);
  if (names.length === 0) return { value: tf.tidy(loss), gradients: {} };
  const { value, grads } = tf.engine().gradients(loss, Object.values(variables), undefined, true) as { value: Scalar; grads: readonly (tf.Tensor | null)[] };
  const reached = names.flatMap((name, index) => (grads[index] ? [[name, grads[index]] as const] : []));
  return { value, gradients: Object.fromEntries(reached) };
}

/** Something that changes variables by their gradients; `slots` is what a checkpoint must hold beside the variables. */
export interface Optimizer {
  /** Updates the variables that have a gradient; the others are skipped completely, as in PyTorch. */
  apply(gradients: NamedTensors, learningRate: number): void;
  readonly slots: NamedVariables;
  dispose(): void;
}

function zeros(variables: NamedVariables): Record<string, Variable> {
  return tf.tidy(() => Object.fromEntries(Object.entries(variables).map(([name, variable]) =>
    [name, tf.variable(tf.zerosLike(variable), false)])));
}

function disposeAll(variables: NamedVariables): void {
  for (const variable of Object.values(variables)) variable.dispose();
}

/** What PyTorch's clip_grad_norm_ adds to the norm that it divides by. */
const CLIP_EPSILON = 1e-6;

/** What SGD does beside its plain rule. */
export interface SgdOptions {
  /** Norm that all gradients together are cut to. */
  readonly clipGradNorm?: number | undefined;
  /** What differs for the parameters of a group. */
  readonly ruleOf?: (name: string) => { readonly learningRateFactor: number; readonly weightDecay: number };
}

/**
 * SGD with momentum and weight decay in PyTorch's order: gradients are clipped; g += wd·θ; v = µ·v + g; θ -= lr·v (methods.md 3.3,
 * torch.nn.utils.clip_grad_norm_, torch.optim.SGD).
 */
export function createSgd(variables: NamedVariables, momentum: number, weightDecay: number, { clipGradNorm, ruleOf }: SgdOptions = {}): Optimizer {
  const velocity = zeros(variables);
  const rules = Object.fromEntries(Object.keys(variables).map((name) => [name, ruleOf?.(name) ?? { learningRateFactor: 1, weightDecay }]));
  return {
    slots: velocity,
    apply: (given, commonRate) => tf.tidy(() => {
      const gradients = clipGradNorm === undefined ? given : clippedToNorm(given, clipGradNorm);
      for (const [name, gradient] of Object.entries(gradients)) {
        const variable = variables[name]!;
        const rule = rules[name]!;
        const learningRate = commonRate * rule.learningRateFactor;
        const decayed = rule.weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(variable, rule.weightDecay));
        const next = momentum === 0 ? decayed : tf.add(tf.mul(velocity[name]!, momentum), decayed);
        velocity[name]!.assign(next);
        variable.assign(tf.sub(variable, tf.mul(next, learningRate)));
      }
    }),
    dispose: () => disposeAll(velocity),
  };
}

/** The gradients times min(1, norm / (‖g‖ + 1e-6)), ‖g‖ over all of them together. */
function clippedToNorm(gradients: NamedTensors, norm: number): NamedTensors {
  const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
  if (squares.length === 0) return gradients;
  const factor = tf.minimum(1, tf.div(norm, tf.add(tf.sqrt(tf.addN(squares)), CLIP_EPSILON)));
  return Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, tf.mul(gradient, factor)]));
}

/** Adam as PyTorch computes it (Kingma & Ba 2015, algorithm 1; ε is added to the corrected root), without weight decay. */
export function createAdam(variables: NamedVariables, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8): Optimizer {
  const first = zeros(variables);
  const second = zeros(variables);
  // The corrections 1 - β^t by the recursion c = β·c + (1 - β): on the device and exact, where 1 - β^t would cancel in float32.
  const [correction1, correction2] = [0, 0].map((value) => tf.tidy(() => tf.variable(tf.scalar(value), false))) as [Variable, Variable];
  const slots = { ...prefixed('first', first), ...prefixed('second', second), correction1, correction2 };
  return {
    slots,
    apply: (gradients, learningRate) => tf.tidy(() => {
      correction1.assign(tf.add(tf.mul(correction1, beta1), 1 - beta1));
      correction2.assign(tf.add(tf.mul(correction2, beta2), 1 - beta2));
      const rate = tf.div(learningRate, correction1);
      const root = tf.sqrt(correction2);
      for (const [name, gradient] of Object.entries(gradients)) {
        const variable = variables[name]!;
        const nextFirst = tf.add(tf.mul(first[name]!, beta1), tf.mul(gradient, 1 - beta1));
        const nextSecond = tf.add(tf.mul(second[name]!, beta2), tf.mul(tf.square(gradient), 1 - beta2));
        first[name]!.assign(nextFirst);
        second[name]!.assign(nextSecond);
        const denominator = tf.add(tf.div(tf.sqrt(nextSecond), root), epsilon);
        variable.assign(tf.sub(variable, tf.mul(tf.div(nextFirst, denominator), rate)));
      }
    }),
    dispose: () => disposeAll(slots),
  };
}
