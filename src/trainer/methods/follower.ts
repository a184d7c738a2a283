import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import { createRandom, seedFor } from '../../core/random.ts';
import { dynamicController } from '../controller.ts';
import { crossEntropy, jensenShannon, stopGradient } from '../losses.ts';
import type { Batch, MethodContext, Stage } from '../method.ts';
import { clubBound, createMiEstimator, estimatorLoss, type MiEstimator } from '../miEstimator.ts';
import type { MultimodalModel, Outputs } from '../model.ts';
import { prefixed } from '../module.ts';
import { createAdam, createSgd, gradientsOf, type Optimizer } from '../optimizer.ts';

/** What a follower stage needs to know beside the model. */
export interface FollowerSettings {
  /** Modalities that are trained and frozen, anchor first. */
  readonly trained: readonly string[];
  readonly follower: string;
  readonly selectBy: string;
  readonly alpha: 'dynamic' | { readonly consistency?: number; readonly complementary?: number };
  readonly consistencyReduction: 'mean' | 'sum';
  readonly complementaryReduction: 'mean' | 'sum';
  readonly estimatorWidth: number;
  readonly estimatorOptimizer: 'adam' | 'sgd';
  readonly estimatorLearningRate: number;
  readonly estimatorSteps: number;
  readonly controllerInterval: 'epoch' | 'batch';
  readonly controllerBatch: 'validation' | 'train';
}

/** Momentum and weight decay of the estimator's optimizer when it is SGD: those of the common recipe. */
const ESTIMATOR_SGD = { momentum: 0.9, weightDecay: 1e-4 };

/**
 * Trains one follower beside its frozen predecessors (UDI paper, Algorithm 1; A.2 for more than one predecessor):
 * L = CE(z^m) + α_con·JS(fused predecessors, follower) + α_com·mean_j I_v(f^j; f^m), one estimator for every predecessor.
 */
export function followerStage(model: MultimodalModel, context: MethodContext, settings: FollowerSettings): Stage {
  const { trained, follower } = settings;
  const id = `follower:${follower}`;
  const all = [...trained, follower];
  const fixed = settings.alpha === 'dynamic' ? undefined
    : { consistency: settings.alpha.consistency ?? 0, complementary: settings.alpha.complementary ?? 0 };
  // A term with a fixed weight of 0 is not computed at all, so (0,0) is exactly the unimodal stage.
  const needsConsistency = !fixed || fixed.consistency > 0;
  const needsComplementary = !fixed || fixed.complementary > 0;
  const estimators = needsComplementary ? createEstimators(model, context, settings) : [];
  const alpha = { consistency: scalarVariable(fixed?.consistency ?? 0), complementary: scalarVariable(fixed?.complementary ?? 0) };
  const xi = { consistency: scalarVariable(0), complementary: scalarVariable(0) };
  const parameters = model.branchParameters(follower);
  const fusionHead = model.fusionParameters(all);

  const consistency = (outputs: Outputs, batch: Batch): Scalar => {
    const perSample = jensenShannon(batch.frozen!.fused, outputs.logits[follower]!);
    return settings.consistencyReduction === 'mean' ? tf.mean(perSample) : tf.sum(perSample);
  };
  const complementary = (outputs: Outputs, batch: Batch): Scalar => {
    const features = outputs.features[follower]!;
    const bounds = estimators.map(({ modality, estimator }) => clubBound(estimator, batch.frozen!.outputs.features[modality]!, features));
    const divisor = estimators.length * (settings.complementaryReduction === 'mean' ? model.featureSize(follower) : 1);
    return tf.div(tf.addN(bounds), divisor) as Scalar;
  };
  const fusedLoss = (outputs: Outputs, batch: Batch): Scalar => crossEntropy(model.fuse(merge(batch, outputs), all), batch.oneHot);

  const updateEstimators = (outputs: Outputs, batch: Batch): void => {
    for (const { modality, estimator, optimizer } of estimators) {
      for (let repeat = 0; repeat < settings.estimatorSteps; repeat++) {
        const { gradients } = gradientsOf(
          () => estimatorLoss(estimator, batch.frozen!.outputs.features[modality]!, outputs.features[follower]!), estimator.parameters);
        optimizer.apply(gradients, settings.estimatorLearningRate);
      }
    }
  };
  const updateWeights = (batch: Batch): void => {
    const gradientOf = (loss: (outputs: Outputs, batch: Batch) => Scalar) =>
      gradientsOf(() => loss(model.forward(batch.inputs, 'probe', [follower]), batch), parameters).gradients;
    const result = dynamicController(gradientOf(fusedLoss), gradientOf(consistency), gradientOf(complementary));
    for (const term of ['consistency', 'complementary'] as const) {
      xi[term].assign(result.xi[term]);
      alpha[term].assign(result.alpha[term]);
    }
  };

  return {
    id,
    trains: [follower],
    frozen: trained,
    variables: { ...parameters, ...fusionHead },
    selectBy: settings.selectBy,
    epochs: context.epochs(id),
    recipe: {
      settings: { kind: 'follower', ...settings },
      after: [...trained.map((modality, index) => `${index === 0 ? 'unimodal' : 'follower'}:${modality}`), `unimodal:${follower}`],
    },
    ...(!fixed && settings.controllerBatch === 'validation' ? { probe: 'controller' } : {}),
    beforeLoss: (outputs, batch, { step, probe }) => tf.tidy(() => {
      updateEstimators(outputs, batch);
      if (!fixed && (step === 0 || settings.controllerInterval === 'batch')) updateWeights(probe ?? batch);
    }),
    loss: (outputs, batch) => {
      const classification = crossEntropy(outputs.logits[follower]!, batch.oneHot);
      const terms: Record<string, Scalar> = { classification };
      if (needsConsistency) terms['consistency'] = consistency(outputs, batch);
      if (needsComplementary) terms['complementary'] = complementary(outputs, batch);
      let total = classification;
      if (terms['consistency']) total = tf.add(total, tf.mul(alpha.consistency, terms['consistency']));
      if (terms['complementary']) total = tf.add(total, tf.mul(alpha.complementary, terms['complementary']));
      if (Object.keys(fusionHead).length === 0) return { ...terms, total };
      // The concatenation head learns on detached features: it must never send a gradient into an encoder (methods.md 6.5).
      const features = { [follower]: stopGradient(outputs.features[follower]!) };
      terms['fusionHead'] = fusedLoss({ logits: outputs.logits, features }, batch);
      return { ...terms, total: tf.add(total, terms['fusionHead']) };
    },
    readings: () => ({
      'alpha.consistency': alpha.consistency,
      'alpha.complementary': alpha.complementary,
      ...(fixed ? {} : { 'xi.consistency': xi.consistency, 'xi.complementary': xi.complementary }),
    }),
    state: Object.assign(
      {}, prefixed('alpha', alpha), prefixed('xi', xi),
      ...estimators.map(({ modality, estimator, optimizer }) => ({
        ...prefixed(`estimator.${modality}`, estimator.parameters), ...prefixed(`estimatorOptimizer.${modality}`, optimizer.slots) }))),
    dispose: () => {
      tf.dispose([alpha, xi]);
      for (const { estimator, optimizer } of estimators) {
        estimator.dispose();
        optimizer.dispose();
      }
    },
  };
}

interface EstimatorOf {
  readonly modality: string;
  readonly estimator: MiEstimator;
  readonly optimizer: Optimizer;
}

function createEstimators(model: MultimodalModel, context: MethodContext, settings: FollowerSettings): EstimatorOf[] {
  return settings.trained.map((modality) => {
    const random = createRandom(seedFor(`estimator:${modality}:${settings.follower}`, context.seed));
    const estimator = createMiEstimator(model.featureSize(modality), model.featureSize(settings.follower), settings.estimatorWidth, random);
    const optimizer = settings.estimatorOptimizer === 'adam' ? createAdam(estimator.parameters)
      : createSgd(estimator.parameters, ESTIMATOR_SGD.momentum, ESTIMATOR_SGD.weightDecay);
    return { modality, estimator, optimizer };
  });
}

function scalarVariable(value: number): tf.Variable<tf.Rank.R0> {
  return tf.tidy(() => tf.variable(tf.scalar(value), false));
}

/** Outputs of the frozen modalities together with those of the follower. */
function merge(batch: Batch, outputs: Outputs): Outputs {
  const { features, logits } = batch.frozen!.outputs;
  return {
    features: { ...features, ...outputs.features } as Readonly<Record<string, Tensor2D>>,
    logits: { ...logits, ...outputs.logits } as Readonly<Record<string, Tensor2D>>,
  };
}
