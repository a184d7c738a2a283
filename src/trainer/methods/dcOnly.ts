import * as tf from '@tensorflow/tfjs-core';
import type { Scalar } from '@tensorflow/tfjs-core';
import { dynamicController } from '../model/controller.ts';
import { crossEntropy, jensenShannon } from '../model/losses.ts';
import type { Method } from './method.ts';
import type { Batch, LossTerms, StepPlace } from '../loop/batch.ts';
import type { Outputs } from '../model/model.ts';
import { gradientsOf } from '../model/optimizer.ts';
import { jointPlan, jointStage } from './joint.ts';
import { createEstimators, createTermWeights, unsupervisedHparams, type UnsupervisedSettings } from './unsupervised.ts';

/**
 * All branches together from scratch with UDI's two unsupervised terms under its dynamic controller, and nothing frozen: row
 * "DC only" of the UDI paper's Table 2, which the paper describes in one sentence; the definition is that of methods.md 7. The gradients of
 * all terms reach all branches; MI estimators go from the anchor to every other modality.
 */
export const dcOnly: Method = {
  id: 'dc-only',
  label: 'DC only',
  source: 'UDI paper, Table 2 (dynamic controller without decoupled optimisation); methods.md 7',
  stageKinds: ['joint'],
  modalities: { min: 2, reason: 'its two unsupervised terms relate modalities to each other.' },
  hparams: {
    anchor: { type: 'modality', choices: ['first'], default: 'first', help: 'Modality from which mutual information is estimated: the one that UDI takes as anchor on this dataset.', source: 'methods.md 7' },
    ...unsupervisedHparams,
    controllerBatch: { ...unsupervisedHparams.controllerBatch, default: 'train', source: 'methods.md 7 (first batch of each epoch)' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { anchor: named, ...settings } = context.hparams as unknown as UnsupervisedSettings & { readonly anchor: string };
    const { modalities } = model;
    const anchor = named === 'first' ? modalities[0]! : named;
    const others = modalities.filter((modality) => modality !== anchor);
    const joint = jointStage(model, context);
    const estimators = createEstimators(model, context, others.map((to) => ({ from: anchor, to })), settings);
    const weights = createTermWeights();
    const { alpha, xi } = weights;

    const classification = (outputs: Outputs, batch: Batch): Scalar => crossEntropy(model.fuse(outputs), batch.oneHot);
    const consistency = (outputs: Outputs): Scalar => {
      const shares = model.shares(outputs);
      const pairs = modalities.flatMap((left, index) => modalities.slice(index + 1).map((right) => jensenShannon(shares[left]!, shares[right]!)));
      const divergences = tf.stack(pairs.map((perSample) => (settings.consistencyReduction === 'mean' ? tf.mean(perSample) : tf.sum(perSample))));
      return tf.mean(divergences);
    };
    const complementary = (outputs: Outputs): Scalar => estimators.bound(outputs.features);
    const updateWeights = (batch: Batch, { epoch, step }: StepPlace): void => {
      const gradientOf = (loss: (outputs: Outputs, batch: Batch) => Scalar) =>
        gradientsOf(() => loss(model.forward(batch.inputs, { mode: 'probe', epoch, step }), batch), joint.variables).gradients;
      weights.assign(dynamicController(gradientOf(classification), gradientOf(consistency), gradientOf(complementary)));
    };
    yield {
      ...joint,
      ...(settings.controllerBatch === 'validation' ? { probe: 'controller' } : {}),
      beforeLoss: (outputs, batch, at) => tf.tidy(() => {
        estimators.update(outputs.features);
        if (at.step === 0 || settings.controllerInterval === 'batch') updateWeights(at.probe ?? batch, at);
      }),
      loss: (outputs, batch): LossTerms => {
        const terms = { classification: classification(outputs, batch), consistency: consistency(outputs), complementary: complementary(outputs) };
        const weighted = tf.add(tf.mul(alpha.consistency, terms.consistency), tf.mul(alpha.complementary, terms.complementary));
        return { ...terms, total: tf.add(terms.classification, weighted) };
      },
      readings: () => ({
        'alpha.consistency': alpha.consistency, 'alpha.complementary': alpha.complementary,
        'xi.consistency': xi.consistency, 'xi.complementary': xi.complementary,
      }),
      state: { ...weights.state, ...estimators.state },
      dispose: () => {
        weights.dispose();
        estimators.dispose();
      },
    };
  },
};
