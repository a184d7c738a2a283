import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { crossEntropy, detached, stopGradient } from '../model/losses.ts';
import type { Method } from './method.ts';
import type { LossTerms } from '../loop/batch.ts';
import { jointPlan, jointStage } from './joint.ts';

/**
 * By how much the confidence of every sample rises when a modality is taken away, [B]: `fuller` and `poorer` are logits
 * [B, C] of a set of modalities and of a smaller one. Where both are wrong only the poorer one is held responsible; where
 * only the poorer one is right, a rise is wanted.
 */
export function calibrationTerm(fuller: Tensor2D, poorer: Tensor2D, oneHot: Tensor2D, margin: number): Tensor1D {
  const confidence = (logits: Tensor2D): Tensor1D => tf.max(tf.softmax(logits), -1);
  const [full, poor] = [confidence(fuller), confidence(poorer)];
  const rise = (from: Tensor1D): Tensor1D => tf.relu(tf.sub(tf.sub(poor, from), margin));
  const right = (logits: Tensor): Tensor => tf.equal(tf.argMax(logits, -1), tf.argMax(oneHot, -1));
  const fullerRight = detached((logits) => tf.cast(right(logits), 'float32'), fuller);
  const bothWrong = detached((left, other) => tf.cast(tf.logicalNot(tf.logicalOr(right(left), right(other))), 'float32'), fuller, poorer);
  return tf.add(tf.mul(rise(full), fullerRight), tf.mul(rise(stopGradient(full)), bothWrong));
}

interface CmlSettings {
  readonly lambda: number;
  readonly margin: number;
  readonly reduction: 'sum' | 'mean';
}

/**
 * Penalises samples whose predicted confidence rises when a modality is taken away, along a random chain of subsets.
 * Ma et al. 2023 (CML); QingyangZhang/CML:miwae/train.py, whose three cases and batch sum are followed; applied to late
 * fusion, which the authors' code has not. The chain is drawn for every batch.
 */
export const cml: Method = {
  id: 'cml',
  label: 'CML',
  source: 'Ma et al. 2023, QingyangZhang/CML:miwae/train.py; methods.md 4.3',
  stageKinds: ['joint'],
  hparams: {
    lambda: { type: 'number', min: 0, default: 0.1, help: 'Weight of the calibration term.', source: 'CML:readme (10/100 on the batch sum); methods.md 4.3' },
    margin: { type: 'number', min: 0, max: 1, default: 0, help: 'Rise in confidence that is not penalised.', source: 'CML:miwae/train.py' },
    reduction: { type: 'choice', values: ['sum', 'mean'], default: 'sum', help: 'Reduction of the calibration term over the batch; a sum grows with the batch size.', source: 'CML:miwae/train.py (sum)' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { lambda, margin, reduction } = context.hparams as unknown as CmlSettings;
    const { modalities } = model;
    yield {
      ...jointStage(model, context),
      loss: (outputs, batch, at): LossTerms => {
        const order = context.random('chain', at).shuffle(modalities.map((_, index) => index));
        const subset = (removed: number): readonly string[] => modalities.filter((_, index) => !order.subarray(0, removed).includes(index));
        const chain = modalities.map((_, removed) => model.fuseSubset(outputs, subset(removed)));
        const classification = tf.div(tf.addN(chain.map((logits) => crossEntropy(logits, batch.oneHot))), chain.length) as Scalar;
        if (chain.length === 1) return { total: classification };
        const terms = tf.addN(chain.slice(1).map((poorer, index) => calibrationTerm(chain[index]!, poorer, batch.oneHot, margin)));
        const calibration = (reduction === 'sum' ? tf.sum(terms) : tf.mean(terms)) as Scalar;
        return { total: tf.add(classification, tf.mul(calibration, lambda)), classification, calibration };
      },
    };
  },
};
