import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { alignment } from '../model/controller.ts';
import type { Method } from './method.ts';
import { prefixed, type NamedTensors } from '../model/module.ts';
import { gradientsOf } from '../model/optimizer.ts';
import { attachAuxiliaryHeads } from './auxiliaryHeads.ts';
import { jointPlan, jointStage } from './joint.ts';
import { createStepMeans } from './stepMeans.ts';

/**
 * Weight c of the multimodal gradient G of an encoder, 1 - c of its unimodal gradient U: 0.5 where they agree, else the
 * min-norm point between them (both records hold all tensors of the encoder).
 */
export function paretoWeight(multimodal: NamedTensors, unimodal: NamedTensors): Scalar {
  const [gg, uu, gu] = [alignment(multimodal, multimodal), alignment(unimodal, unimodal), alignment(multimodal, unimodal)];
  const between = tf.div(tf.sub(uu, gu), tf.sub(tf.add(gg, uu), tf.mul(gu, 2)));
  const minNorm = tf.where(tf.greaterEqual(gu, gg), 0.999, tf.where(tf.greaterEqual(gu, uu), 0.001, between));
  // The cosine has the sign of the inner product.
  return tf.where(tf.greater(gu, 0), 0.5, minNorm) as Scalar;
}

/**
 * The gradients of an encoder: gamma · max(1, r) · h with h = 2c·g + 2(1-c)·u and r = |g + u| / |h|, of every tensor by itself
 * or of all together. Both records hold the same tensors; `weight` is c.
 */
export function integrateEncoder(
  multimodal: NamedTensors, unimodal: NamedTensors, weight: Scalar, gamma: number, correction: 'tensor' | 'encoder',
): Record<string, Tensor> {
  const pairs = Object.entries(multimodal).map(([name, g]) => ({ name, g, u: unimodal[name]! }));
  const mixed = pairs.map(({ g, u }) => tf.add(tf.mul(g, tf.mul(weight, 2)), tf.mul(u, tf.mul(tf.sub(1, weight), 2))));
  const added = pairs.map(({ g, u }) => tf.add(g, u));
  const common = correction === 'encoder' ? lengthRatio(added, mixed) : undefined;
  return Object.fromEntries(pairs.map(({ name }, index) => {
    const ratio = common ?? lengthRatio([added[index]!], [mixed[index]!]);
    return [name, tf.mul(mixed[index]!, tf.mul(gamma, tf.maximum(1, ratio)))];
  }));
}

/** |a| / |b| over all elements of the tensors; 1 where b is 0. */
function lengthRatio(above: readonly Tensor[], below: readonly Tensor[]): Scalar {
  const length = (tensors: readonly Tensor[]): Tensor => tf.sqrt(tf.addN(tensors.map((tensor) => tf.sum(tf.square(tensor)))));
  const [a, b] = [length(above), length(below)];
  return tf.where(tf.equal(b, 0), 1, tf.div(a, b)) as Scalar;
}

function pick(tensors: NamedTensors, names: readonly string[]): NamedTensors {
  return Object.fromEntries(names.map((name) => [name, tensors[name]!]));
}

interface ParetoSettings {
  readonly gamma: number;
  readonly correction: 'tensor' | 'encoder';
}

/**
 * Each encoder follows a common descent direction of the multimodal and its unimodal loss, with its length restored.
 * Wei & Hu 2024 (MMPareto); GeWu-Lab/MMPareto_ICML2024:code/MMPareto.py. Length is restored tensor by tensor as in that
 * code; the publication's whole gradient is the option `encoder`. One forward and two backward passes.
 */
export const mmpareto: Method = {
  id: 'mmpareto',
  label: 'MMPareto',
  source: 'Wei & Hu 2024, GeWu-Lab/MMPareto_ICML2024:code/MMPareto.py; methods.md 4.5',
  stageKinds: ['joint'],
  hparams: {
    gamma: { type: 'number', above: 0, default: 1.5, help: 'Factor on the gradients of the encoders.', source: 'code/MMPareto.py' },
    correction: { type: 'choice', values: ['tensor', 'encoder'], default: 'tensor', help: 'Whether lengths are restored tensor by tensor, or over a whole encoder.', source: 'code/MMPareto.py (tensor); publication (encoder)' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { gamma, correction } = context.hparams as unknown as ParetoSettings;
    const auxiliary = attachAuxiliaryHeads(model, context);
    const joint = jointStage(model, context);
    const { modalities } = model;
    // An encoder that is frozen as a whole has no direction to choose.
    const trained = modalities.filter((modality) => Object.keys(model.encoderParameters(modality)).length > 0);
    const means = createStepMeans(trained.map((modality) => `weight.${modality}`));
    const encoders = trained.map((modality) => Object.keys(prefixed(modality, model.encoderParameters(modality))));
    const unimodalVariables = Object.fromEntries(Object.entries(joint.variables)
      .filter(([name]) => name.startsWith('auxiliary.') || encoders.some((names) => names.includes(name))));
    yield {
      ...joint,
      loss: (outputs, batch, at) => {
        const losses = auxiliary.losses(outputs, batch);
        return { ...joint.loss(outputs, batch, at), ...Object.fromEntries(Object.entries(losses).map(([name, value]) => [`auxiliary.${name}`, value])) };
      },
      signals: (outputs, batch) =>
        gradientsOf(() => tf.addN(Object.values(auxiliary.losses(outputs, batch))) as Scalar, unimodalVariables).gradients,
      modulate: (gradients, unimodal, at) => {
        const heads = Object.entries(unimodal).filter(([name]) => name.startsWith('auxiliary.'));
        const pairs = encoders.map((names) => {
          // A loss that does not reach a variable gives it no gradient.
          const reached = names.filter((name) => name in gradients && name in unimodal);
          return [pick(gradients, reached), pick(unimodal, reached)] as const;
        });
        const weights = pairs.map((pair) => paretoWeight(...pair));
        means.add(Object.fromEntries(trained.map((modality, index) => [`weight.${modality}`, weights[index]!])), at.step);
        const integrated = pairs.flatMap((pair, index) => Object.entries(integrateEncoder(...pair, weights[index]!, gamma, correction)));
        return { ...gradients, ...Object.fromEntries([...integrated, ...heads]) };
      },
      // What the authors report of a modality: its auxiliary head is the one that learns by that modality alone.
      unimodal: (outputs) => Object.fromEntries(modalities.map((modality) => [modality, auxiliary.logits(outputs, modality)])),
      readings: () => means.values,
      dispose: () => means.dispose(),
    };
  },
};
