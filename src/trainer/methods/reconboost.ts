import * as tf from '@tensorflow/tfjs-core';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { FUSION } from '../../core/run/targets.ts';
import { createRandom, seedFor } from '../../core/random.ts';
import { createLinear } from '../model/layers.ts';
import { crossEntropy, detached, rightProbability } from '../model/losses.ts';
import type { Method, PlannedStage, Stage } from './method.ts';
import type { Batch, LossTerms } from '../loop/batch.ts';
import type { Head, MultimodalModel, Outputs } from '../model/model.ts';
import { type Module, type NamedVariables, prefixed } from '../model/module.ts';
import { commonFeatureSize } from './sharedHead.ts';

const HEAD_WIDTH = 256;

/**
 * Loss of the learner [scalar]: its cross entropy over C with the weight w1 - w2·P[y] on every sample, P being what the rest of the
 * ensemble predicts (a constant; 1 where there is no rest). Logits are [B, C].
 */
export function boostingLoss(learner: Tensor2D, rest: Tensor2D | undefined, oneHot: Tensor2D, w1: number, w2: number): Scalar {
  const classes = oneHot.shape[1];
  const right = rest ? detached((logits) => rightProbability(logits as Tensor2D, oneHot), rest) : tf.ones([oneHot.shape[0]]) as Tensor1D;
  const perSample = tf.neg(tf.sum(tf.mul(oneHot, tf.logSoftmax(learner)), -1));
  return tf.div(tf.mean(tf.mul(perSample, tf.sub(w1, tf.mul(right, w2)))), classes);
}

/** Memory consolidation [scalar]: mean squared difference of the learner's probabilities to the previous learner's, which are constants. */
export function consolidationLoss(learner: Tensor2D, previous: Tensor2D): Scalar {
  const target = detached((logits) => tf.softmax(logits as Tensor2D), previous);
  return tf.mean(tf.square(tf.sub(tf.softmax(learner), target)));
}

interface BoostingSettings {
  readonly learnerEpochs: number;
  readonly rectifyEpochs: number;
  readonly w1: number;
  readonly w2: number;
  readonly alpha: number;
  readonly rate: number;
  readonly consolidationGradient: boolean;
}

/** One stage of the alternation, in order. */
interface Turn extends PlannedStage {
  readonly index: number;
  readonly phase: 'learner' | 'rectify';
  readonly modality: string;
  readonly firstEpoch: number;
}

/**
 * The alternation within a budget of epochs: a learner's phase, then a joint one, modality after modality. The phases are as long as set,
 * but shorter in a short run, so that every modality gets at least two turns; the last one is cut to the budget.
 */
function turnsOf(modalities: readonly string[], { learnerEpochs, rectifyEpochs }: BoostingSettings, budget: number): Turn[] {
  const shorten = (length: number): number => Math.min(length, Math.max(1, Math.floor(budget / (4 * modalities.length))));
  const turns: Turn[] = [];
  for (let used = 0, index = 0; used < budget; index++) {
    const modality = modalities[index % modalities.length]!;
    for (const [phase, length] of [['learner', shorten(learnerEpochs)], ['rectify', shorten(rectifyEpochs)]] as const) {
      const epochs = Math.min(length, budget - used);
      if (epochs === 0) continue;
      const id = `boosting:${phase === 'learner' ? modality : 'rectify'}#${index + 1}`;
      turns.push({ id, epochs, index, phase, modality, firstEpoch: used });
      used += epochs;
    }
  }
  return turns;
}

/**
 * Boosting over modalities: one learner at a time against the errors that the others still make, then all rectified jointly. Hua et al.
 * 2024 (ReconBoost); huacong/ReconBoost:train.py, models/dynamic_net.py. The released code detaches both sides of the consolidation term,
 * so that it has no gradient; here it acts on the learner (`consolidationGradient: false` is that code). Other encoders run in evaluation
 * mode while one learns, and encoders are not pre-trained. `training.epochs` is the budget of all phases together.
 */
export const reconboost: Method = {
  id: 'reconboost',
  label: 'ReconBoost',
  source: 'Hua et al. 2024, huacong/ReconBoost:train.py; methods.md 4.11',
  stageKinds: ['boosting'],
  equalFeatures: true,
  ownFusion: 'scaled sum of the logits of one shared head',
  budget: { stage: 'boosting', perModality: 2, reason: 'every modality needs a learner\'s epoch and a joint epoch' },
  hparams: {
    learnerEpochs: { type: 'number', integer: true, min: 1, default: 4, help: 'Epochs of a learner\'s phase (fewer in short runs, so that every modality gets two turns).', source: 'train.py, T1' },
    rectifyEpochs: { type: 'number', integer: true, min: 1, default: 4, help: 'Epochs of a joint phase (fewer in short runs, as above).', source: 'train.py, T2' },
    w1: { type: 'number', above: 0, default: 5, help: 'Weight of a sample that the rest of the ensemble gets wrong.', source: 'README (CREMA-D)' },
    w2: { type: 'number', min: 0, default: 1, help: 'How much less a sample counts that the rest gets right.', source: 'README (CREMA-D)' },
    alpha: { type: 'number', min: 0, default: 0.5, help: 'Weight of the memory consolidation.', source: 'train.py' },
    rate: { type: 'number', above: 0, default: 1, help: 'Initial boosting rate, which the joint phases learn.', source: 'models/dynamic_net.py' },
    consolidationGradient: { type: 'boolean', default: true, help: 'Whether the memory consolidation has a gradient; the released code has none.', source: 'methods.md 4.11' },
  },
  plan: (modalities, hparams, epochs) =>
    turnsOf(modalities, hparams as unknown as BoostingSettings, epochs('boosting')).map(({ id, epochs: length }) => ({ id, epochs: length })),
  *stages(model, context) {
    const settings = context.hparams as unknown as BoostingSettings;
    const head = createHead(commonFeatureSize(model, 'ReconBoost'), model.options.classes, context.seed);
    model.shareHead(head);
    const variablesOf = (modalities: readonly string[]): NamedVariables =>
      Object.assign(prefixed('head', head.parameters), ...modalities.map((modality) => prefixed(modality, model.encoderParameters(modality)))) as NamedVariables;
    const rate = tf.tidy(() => tf.variable(tf.scalar(settings.rate)));
    const ensemble = new Set<string>();
    model.attach('boosting', { parameters: { rate }, buffers: {}, dispose: () => rate.dispose() } satisfies Module);
    const budget = context.epochs('boosting');
    const turns = turnsOf(model.modalities, settings, budget);
    for (const turn of turns) {
      const members = turn.phase === 'learner' ? [...ensemble].filter((each) => each !== turn.modality) : [...ensemble];
      const shared = {
        id: turn.id, epochs: turn.epochs, part: { firstEpoch: turn.firstEpoch, epochs: budget },
        variables: variablesOf(turn.phase === 'learner' ? [turn.modality] : members),
        unimodal: (outputs: Outputs) => model.classify(outputs.features).logits,
        fused: (outputs: Outputs) => scaledSum(Object.values(model.classify(outputs.features).logits), rate),
      };
      yield turn.phase === 'learner' ? learnerStage(model, settings, turn, members, rate, shared) : rectifyStage(members, rate, shared);
      ensemble.add(turn.modality);
    }
  },
};

type SharedParts = Pick<Stage, 'id' | 'epochs' | 'part' | 'variables' | 'unimodal' | 'fused'>;

/** Phase 1: the learner's encoder and the head learn; the other members are constants but for the head. */
function learnerStage(
  model: MultimodalModel, settings: BoostingSettings, { modality, index }: Turn, others: readonly string[], rate: tf.Variable, shared: SharedParts,
): Stage {
  const before = model.modalities[(index + model.modalities.length - 1) % model.modalities.length]!;
  return {
    ...shared,
    trains: [modality],
    frozen: others,
    selectBy: others.length > 0 ? FUSION : modality,
    loss: (outputs, batch): LossTerms => {
      const learner = outputs.logits[modality]!;
      const rest = others.length > 0 ? model.classify(batch.frozen!.outputs.features).logits : {};
      const scaled = others.length > 0 ? scaledSum(Object.values(rest), rate) : undefined;
      const boosting = boostingLoss(learner, scaled, batch.oneHot, settings.w1, settings.w2);
      const previous = rest[before];
      if (!previous) return { total: boosting, boosting };
      const own = settings.consolidationGradient ? learner : detached((logits) => tf.clone(logits) as Tensor2D, learner);
      const consolidation = consolidationLoss(own, previous);
      return { total: tf.add(boosting, tf.mul(consolidation, settings.alpha)), boosting, consolidation };
    },
  };
}

/** Phase 2: all members, the head and the boosting rate learn the task together. */
function rectifyStage(members: readonly string[], rate: tf.Variable, shared: SharedParts): Stage {
  return {
    ...shared,
    trains: members,
    frozen: [],
    variables: { ...shared.variables, 'boosting.rate': rate },
    selectBy: members.length > 1 ? FUSION : members[0]!,
    loss: (outputs: Outputs, batch: Batch) => ({ total: crossEntropy(scaledSum(Object.values(outputs.logits), rate), batch.oneHot) }),
  };
}

function scaledSum(logits: readonly Tensor2D[], rate: tf.Variable): Tensor2D {
  return tf.mul(tf.addN([...logits]), rate) as Tensor2D;
}

/** The shared head: two fully connected layers. */
function createHead(features: number, classes: number, seed: number): Head {
  const random = createRandom(seedFor('init:head', seed));
  const [first, second] = [createLinear(features, HEAD_WIDTH, random), createLinear(HEAD_WIDTH, classes, random)];
  return {
    parameters: { ...prefixed('0', first.parameters), ...prefixed('2', second.parameters) },
    buffers: {},
    apply: (input) => second.apply(tf.relu(first.apply(input))),
    dispose: () => {
      first.dispose();
      second.dispose();
    },
  };
}
