import * as tf from '@tensorflow/tfjs-core';
import type { Scalar } from '@tensorflow/tfjs-core';
import { dynamicController } from '../model/controller.ts';
import { crossEntropy, jensenShannon, stopGradient } from '../model/losses.ts';
import type { MethodContext, Stage } from './method.ts';
import type { Batch, StepPlace } from '../loop/batch.ts';
import type { MultimodalModel } from '../model/model.ts';
import { mergeOutputs, type Outputs } from '../model/presence.ts';
import { gradientsOf } from '../model/optimizer.ts';
import { createEstimators, createTermWeights, type UnsupervisedSettings } from './unsupervised.ts';

/** What a follower stage needs to know beside the model. */
export interface FollowerSettings extends UnsupervisedSettings {
  /** Modalities that are trained and frozen, anchor first. */
  readonly trained: readonly string[];
  readonly follower: string;
  readonly selectBy: string;
  readonly alpha: 'dynamic' | { readonly consistency?: number; readonly complementary?: number };
}

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
  const estimators = createEstimators(model, context, needsComplementary ? trained.map((from) => ({ from, to: follower })) : [], settings);
  const weights = createTermWeights(fixed?.consistency, fixed?.complementary);
  const { alpha, xi } = weights;
  const parameters = model.branchParameters(follower);
  const fusionHead = model.fusionParameters(all);

  const consistency = (outputs: Outputs, batch: Batch): Scalar => {
    const perSample = jensenShannon(batch.frozen!.fused, outputs.logits[follower]!);
    return settings.consistencyReduction === 'mean' ? tf.mean(perSample) : tf.sum(perSample);
  };
  const complementary = (outputs: Outputs, batch: Batch): Scalar => estimators.bound(merge(batch, outputs).features);
  const fusedLoss = (outputs: Outputs, batch: Batch): Scalar => crossEntropy(model.fuse(merge(batch, outputs), all), batch.oneHot);

  const updateWeights = (batch: Batch, { epoch, step }: StepPlace): void => {
    const gradientOf = (loss: (outputs: Outputs, batch: Batch) => Scalar) =>
      gradientsOf(() => loss(model.forward(batch.inputs, { mode: 'probe', epoch, step }, [follower]), batch), parameters).gradients;
    weights.assign(dynamicController(gradientOf(fusedLoss), gradientOf(consistency), gradientOf(complementary)));
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
    beforeLoss: (outputs, batch, at) => tf.tidy(() => {
      estimators.update(merge(batch, outputs).features);
      if (!fixed && (at.step === 0 || settings.controllerInterval === 'batch')) updateWeights(at.probe ?? batch, at);
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
    state: { ...weights.state, ...estimators.state },
    dispose: () => {
      weights.dispose();
      estimators.dispose();
    },
  };
}

/** Outputs of the frozen modalities together with those of the follower. */
function merge(batch: Batch, outputs: Outputs): Outputs {
  return mergeOutputs(batch.frozen!.outputs, outputs);
}
