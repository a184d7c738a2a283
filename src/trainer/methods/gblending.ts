import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { FUSION } from '../../core/run/targets.ts';
import { createRandom, seedFor } from '../../core/random.ts';
import { range } from '../loop/batches.ts';
import type { EpochTools, Method, SteppedStage } from './method.ts';
import { crossEntropy } from '../model/losses.ts';
import type { Batch, LossTerms } from '../loop/batch.ts';
import { scoreLogits } from '../model/metrics.ts';
import type { Outputs } from '../model/model.ts';
import { attachAuxiliaryHeads } from './auxiliaryHeads.ts';
import { jointPlan, jointStage } from './joint.ts';

/** Mean cross entropies of a learner before and after a rehearsal, on training and validation data, nats. */
export interface Progress {
  readonly trainBefore: number;
  readonly validationBefore: number;
  readonly trainAfter: number;
  readonly validationAfter: number;
}

/** Weights of the learners, summing to 1, in proportion to generalisation gain over squared overfitting; equal if nobody gains. */
export function blendingWeights(progress: readonly Progress[], epsilon = 1e-8): number[] {
  const raw = progress.map(({ trainBefore, validationBefore, trainAfter, validationAfter }) => {
    const gain = validationBefore - validationAfter;
    const overfitting = (validationAfter - trainAfter) - (validationBefore - trainBefore);
    return Math.max(gain, 0) / (overfitting ** 2 + epsilon);
  });
  const sum = raw.reduce((total, each) => total + each, 0);
  return raw.map((each) => (sum > 0 && Number.isFinite(sum) ? each / sum : 1 / raw.length));
}

interface Learner {
  readonly name: string;
  readonly trial: SteppedStage;
  logits(outputs: Outputs): Tensor2D;
}

interface BlendingSettings {
  readonly estimate: 'online' | 'offline';
  readonly superEpoch: number;
  readonly rehearsalEpochs: number;
}

/**
 * Blends the fused loss and one loss for each modality, weighted by how much each still generalises relative to how fast it overfits;
 * the weights come from rehearsals on a copy of the network. Wang et al. 2020 (Gradient-Blending);
 * facebookresearch/VMZ:c2/tutorials/gradient_blending.md (weights only; no estimator was released, so methods.md 4.4 is followed: gains
 * below 0 count as 0, losses in evaluation mode on as many training samples as there are validation samples).
 */
export const gblending: Method = {
  id: 'gblending',
  label: 'GBlending',
  source: 'Wang et al. 2020, facebookresearch/VMZ:c2/tutorials/gradient_blending.md; methods.md 4.4',
  stageKinds: ['joint'],
  hparams: {
    estimate: { type: 'choice', values: ['online', 'offline'], default: 'online', help: 'Estimate the weights again every super-epoch, or only once at the beginning.', source: 'BalanceBenchmark trainer_config.yaml' },
    superEpoch: { type: 'number', integer: true, min: 1, default: 10, help: 'Epochs between two estimates.', source: 'BalanceBenchmark trainer_config.yaml' },
    rehearsalEpochs: { type: 'number', integer: true, min: 1, default: 10, help: 'Epochs of each rehearsal, at most as many as the run has.', source: 'BalanceBenchmark trainer_config.yaml' },
  },
  plan: jointPlan,
  *stages(model, context) {
    const { estimate, superEpoch, rehearsalEpochs } = context.hparams as unknown as BlendingSettings;
    const { modalities } = model;
    const auxiliary = attachAuxiliaryHeads(model, context);
    const joint = jointStage(model, context);
    const fusedLoss = (outputs: Outputs, batch: Batch): Scalar => crossEntropy(model.fuse(outputs), batch.oneHot);
    const pick = (wanted: (name: string) => boolean) => Object.fromEntries(Object.entries(joint.variables).filter(([name]) => wanted(name)));
    const learners: Learner[] = [
      ...modalities.map((modality): Learner => ({
        name: modality,
        logits: (outputs) => auxiliary.logits(outputs, modality),
        trial: {
          trains: [modality],
          variables: pick((name) => name.startsWith(`${modality}.encoder.`) || name.startsWith(`${auxiliary.nameOf(modality)}.`)),
          loss: (outputs, batch) => ({ total: crossEntropy(auxiliary.logits(outputs, modality), batch.oneHot) }),
        },
      })),
      {
        name: FUSION,
        logits: (outputs) => model.fuse(outputs),
        trial: { trains: modalities, variables: pick((name) => !name.startsWith('auxiliary.')), loss: (outputs, batch) => ({ total: fusedLoss(outputs, batch) }) },
      },
    ];
    const weights = Object.fromEntries(learners.map(({ name }) => [name, tf.tidy(() => tf.variable(tf.scalar(1 / learners.length), false))]));
    yield {
      ...joint,
      startEpoch: async (epoch, tools) => {
        if (estimate === 'offline' ? epoch > 0 : epoch % superEpoch !== 0) return;
        const progress: Progress[] = [];
        for (const learner of learners) progress.push(await rehearse(learner, Math.min(rehearsalEpochs, joint.epochs), tools, context.seed));
        blendingWeights(progress).forEach((weight, index) => tf.tidy(() => weights[learners[index]!.name]!.assign(tf.scalar(weight))));
      },
      loss: (outputs, batch): LossTerms => {
        const losses: Record<string, Scalar> = { ...auxiliary.losses(outputs, batch), [FUSION]: fusedLoss(outputs, batch) };
        const weighted = Object.entries(losses).map(([name, loss]) => tf.mul(loss, weights[name] as Variable));
        const recorded = Object.entries(losses).map(([name, loss]) => [`classification.${name}`, loss]);
        return { total: tf.addN(weighted) as Scalar, ...Object.fromEntries(recorded) };
      },
      // The auxiliary heads are what each modality learns by; its share of the fused logits may have hardly any weight.
      unimodal: (outputs) => Object.fromEntries(modalities.map((modality) => [modality, auxiliary.logits(outputs, modality)])),
      readings: () => Object.fromEntries(Object.entries(weights).map(([name, weight]) => [`weight.${name}`, weight])),
      state: weights,
      dispose: () => tf.dispose(weights),
    };
  },
};

/** How a learner's losses change when the network, as it is now, is trained for that learner alone; the network stays as it is. */
async function rehearse(learner: Learner, epochs: number, tools: EpochTools, seed: number): Promise<Progress> {
  const validation = range(0, tools.labels('validation').length);
  const training = createRandom(seedFor('gblending', seed)).shuffle(range(0, tools.labels('train').length)).subarray(0, validation.length);
  const lossOn = async (split: 'train' | 'validation', rows: Int32Array): Promise<number> => {
    const { logits } = await tools.read(split, learner.trial.trains, (outputs) => ({ logits: learner.logits(outputs) }), rows);
    const labels = tools.labels(split);
    return scoreLogits(logits!.values, Array.from(rows, (row) => labels[row]!), tools.classes).loss;
  };
  const measure = async () => ({ train: await lossOn('train', training), validation: await lossOn('validation', validation) });
  const before = await measure();
  const after = await tools.rehearse(learner.trial, epochs, measure);
  return { trainBefore: before.train, validationBefore: before.validation, trainAfter: after.train, validationAfter: after.validation };
}
