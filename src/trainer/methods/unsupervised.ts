import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { HParamSpecs } from '../../core/config/hparams.ts';
import { createRandom, seedFor } from '../../core/random.ts';
import type { ControllerResult } from '../model/controller.ts';
import type { MethodContext } from './method.ts';
import { clubBound, createMiEstimator, estimatorLoss } from '../model/miEstimator.ts';
import type { MultimodalModel } from '../model/model.ts';
import { prefixed, type NamedVariables } from '../model/module.ts';
import { createAdam, createSgd, gradientsOf } from '../model/optimizer.ts';

/** Settings of the MI estimators and of the two unsupervised terms that the methods which have them share. */
export const unsupervisedHparams = {
  consistencyReduction: { type: 'choice', values: ['mean', 'sum'], default: 'mean', help: 'Reduction of the consistency loss over the batch.', source: 'eq. 5; methods.md 6.3' },
  complementaryReduction: { type: 'choice', values: ['mean', 'sum'], default: 'mean', help: 'Reduction of the CLUB bound over the feature dimensions; `sum` is eq. 8 to the letter and tends to diverge.', source: 'eq. 8; methods.md 6.3' },
  estimatorWidth: { type: 'number', integer: true, min: 1, default: 256, help: 'Hidden width of each network of the MI estimator.', source: 'methods.md 6.4' },
  estimatorOptimizer: { type: 'choice', values: ['adam', 'sgd'], default: 'adam', help: 'Optimizer of the MI estimator.', source: 'methods.md 6.4' },
  estimatorLearningRate: { type: 'number', above: 0, default: 0.001, help: 'Learning rate of the MI estimator.', source: 'methods.md 6.4' },
  estimatorSteps: { type: 'number', integer: true, min: 1, default: 1, help: 'Updates of the MI estimator for every batch.', source: 'Algorithm 1' },
  controllerInterval: { type: 'choice', values: ['epoch', 'batch'], default: 'epoch', help: 'How often the controller sets the weights.', source: 'section 3.3 (epoch), Algorithm 1 (batch)' },
  controllerBatch: { type: 'choice', values: ['validation', 'train'], default: 'validation', help: 'Mini-batch of the controller: a fixed one of the validation split, or the training batch at hand.', source: 'methods.md 6.3' },
} as const satisfies HParamSpecs;

/** Values of `unsupervisedHparams`. */
export interface UnsupervisedSettings {
  readonly consistencyReduction: 'mean' | 'sum';
  readonly complementaryReduction: 'mean' | 'sum';
  readonly estimatorWidth: number;
  readonly estimatorOptimizer: 'adam' | 'sgd';
  readonly estimatorLearningRate: number;
  readonly estimatorSteps: number;
  readonly controllerInterval: 'epoch' | 'batch';
  readonly controllerBatch: 'validation' | 'train';
}

/** A pair of modalities whose mutual information is estimated: q(f^to | f^from). */
export interface Pair {
  readonly from: string;
  readonly to: string;
}

/** Features [B, d_m] by modality. */
type Features = Readonly<Record<string, Tensor2D>>;

/** One MI estimator with its own optimizer for every pair. */
export interface Estimators {
  /** Their own training steps on these features; changes the estimators only. */
  update(features: Features): void;
  /** Mean CLUB bound over the pairs, reduced as the settings say, nats. */
  bound(features: Features): Scalar;
  readonly state: NamedVariables;
  dispose(): void;
}

/** Momentum and weight decay of the estimators' optimizer when it is SGD: those of the common recipe. */
const ESTIMATOR_SGD = { momentum: 0.9, weightDecay: 1e-4 };

/** Creates freshly initialised estimators; their variables in `state` are named after the modality that is given. */
export function createEstimators(model: MultimodalModel, context: MethodContext, pairs: readonly Pair[], settings: UnsupervisedSettings): Estimators {
  const all = pairs.map(({ from, to }) => {
    const random = createRandom(seedFor(`estimator:${from}:${to}`, context.seed));
    const estimator = createMiEstimator(model.featureSize(from), model.featureSize(to), settings.estimatorWidth, random);
    const optimizer = settings.estimatorOptimizer === 'adam' ? createAdam(estimator.parameters)
      : createSgd(estimator.parameters, ESTIMATOR_SGD.momentum, ESTIMATOR_SGD.weightDecay);
    return { from, to, estimator, optimizer };
  });
  // Pairs of one follower differ in where they start, pairs of one anchor in where they end.
  const nameOf = ({ from, to }: Pair): string => (new Set(pairs.map((pair) => pair.from)).size === pairs.length ? from : `${from}.${to}`);
  return {
    update: (features) => {
      for (const { from, to, estimator, optimizer } of all) {
        for (let repeat = 0; repeat < settings.estimatorSteps; repeat++) {
          const { gradients } = gradientsOf(() => estimatorLoss(estimator, features[from]!, features[to]!), estimator.parameters);
          optimizer.apply(gradients, settings.estimatorLearningRate);
        }
      }
    },
    bound: (features) => {
      const bounds = all.map(({ from, to, estimator }) => {
        const bound = clubBound(estimator, features[from]!, features[to]!);
        return settings.complementaryReduction === 'mean' ? tf.div(bound, model.featureSize(to)) : bound;
      });
      return tf.div(tf.addN(bounds), bounds.length) as Scalar;
    },
    state: Object.assign({}, ...all.map((each) => ({
      ...prefixed(`estimator.${nameOf(each)}`, each.estimator.parameters), ...prefixed(`estimatorOptimizer.${nameOf(each)}`, each.optimizer.slots),
    }))),
    dispose: () => {
      for (const { estimator, optimizer } of all) {
        estimator.dispose();
        optimizer.dispose();
      }
    },
  };
}

/** Weights α of the two terms and the alignments ξ that they follow from, scalars on the device. */
export interface TermWeights {
  readonly alpha: { readonly consistency: Variable; readonly complementary: Variable };
  readonly xi: { readonly consistency: Variable; readonly complementary: Variable };
  assign(result: ControllerResult): void;
  readonly state: NamedVariables;
  dispose(): void;
}

/** Creates the weights with these values. */
export function createTermWeights(consistency = 0, complementary = 0): TermWeights {
  const scalar = (value: number): Variable => tf.tidy(() => tf.variable(tf.scalar(value), false));
  const alpha = { consistency: scalar(consistency), complementary: scalar(complementary) };
  const xi = { consistency: scalar(0), complementary: scalar(0) };
  return {
    alpha,
    xi,
    assign: (result) => {
      for (const term of ['consistency', 'complementary'] as const) {
        xi[term].assign(result.xi[term]);
        alpha[term].assign(result.alpha[term]);
      }
    },
    state: { ...prefixed('alpha', alpha), ...prefixed('xi', xi) },
    dispose: () => tf.dispose([alpha, xi]),
  };
}
