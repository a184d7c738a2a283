import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { alignment } from '../controller.ts';
import type { Method } from '../method.ts';
import { prefixed, type NamedTensors } from '../module.ts';
import { gradientsOf } from '../optimizer.ts';
import { attachAuxiliaryHeads } from './auxiliaryHeads.ts';
import { jointPlan, jointStage } from './joint.ts';

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

/** gamma · max(1, r) · h with h = 2c·g + 2(1-c)·u and r = |g + u| / |h|; `ratio` in place of the tensor's own r. */
export function integrate(multimodal: Tensor, unimodal: Tensor, weight: Scalar, gamma: number, ratio?: Scalar): Tensor {
  const mixed = mix(multimodal, unimodal, weight);
  return tf.mul(mixed, tf.mul(gamma, tf.maximum(1, ratio ?? lengthRatio([tf.add(multimodal, unimodal)], [mixed]))));
}

function mix(multimodal: Tensor, unimodal: Tensor, weight: Scalar): Tensor {
  return tf.add(tf.mul(multimodal, tf.mul(weight, 2)), tf.mul(unimodal, tf.mul(tf.sub(1, weight), 2)));
}

/** |a| / |b| over all elements of the tensors; 1 where b is 0. */
function lengthRatio(above: readonly Tensor[], below: readonly Tensor[]): Scalar {
  const length = (tensors: readonly Tensor[]): Tensor => tf.sqrt(tf.addN(tensors.map((tensor) => tf.sum(tf.square(tensor)))));
  const [a, b] = [length(above), length(below)];
  return tf.where(tf.equal(b, 0), 1, tf.div(a, b)) as Scalar;
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
    const encoders = model.modalities.map((modality) => Object.keys(prefixed(modality, model.encoderParameters(modality))));
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
      modulate: (gradients, unimodal) => {
        const heads = Object.entries(unimodal).filter(([name]) => name.startsWith('auxiliary.'));
        const integrated = encoders.flatMap((names) => {
          const own = names.filter((name) => name in gradients && name in unimodal);
          const [g, u] = [gradients, unimodal].map((all) => Object.fromEntries(own.map((name) => [name, all[name]!]))) as [NamedTensors, NamedTensors];
          const weight = paretoWeight(g, u);
          const ratio = correction === 'tensor' ? undefined
            : lengthRatio(own.map((name) => tf.add(g[name]!, u[name]!)), own.map((name) => mix(g[name]!, u[name]!, weight)));
          return own.map((name) => [name, integrate(g[name]!, u[name]!, weight, gamma, ratio)] as const);
        });
        return { ...gradients, ...Object.fromEntries([...integrated, ...heads]) };
      },
    };
  },
};
