import type { Scores } from '../../core/run/events.ts';
import { FUSION } from '../../core/run/targets.ts';
import type { Method, MethodContext, StageResult } from './method.ts';
import type { MultimodalModel } from '../model/model.ts';
import { followerStage, type FollowerSettings } from './follower.ts';
import { unimodalStage } from './unimodal.ts';
import { unsupervisedHparams } from './unsupervised.ts';

/** A modality with its validation scores, and whether it was within the tie tolerance of the one it was ranked against. */
export interface RankedModality {
  readonly modality: string;
  readonly accuracy: number;
  readonly entropy: number;
  readonly tied: boolean;
}

/**
 * Orders modalities by validation accuracy, descending. Those within `tolerance` (a share) of the best remaining one
 * count as tied with it, and among them the lowest predictive entropy comes first (UDI 3.1; methods.md 6.2, 6.5).
 */
export function rankModalities(scores: Readonly<Record<string, Scores>>, tolerance: number): RankedModality[] {
  const remaining = Object.entries(scores).map(([modality, { accuracy, entropy }]) => ({ modality, accuracy: accuracy!, entropy: entropy! }));
  const ranked: RankedModality[] = [];
  while (remaining.length > 0) {
    const best = Math.max(...remaining.map((each) => each.accuracy));
    // Accuracies are ratios of counts: the slack keeps "exactly 1.5 points" inside whatever the rounding.
    const tied = remaining.filter((each) => best - each.accuracy <= tolerance + 1e-9);
    const next = tied.reduce((first, each) => (each.entropy < first.entropy ? each : first));
    ranked.push({ ...next, tied: tied.length > 1 });
    remaining.splice(remaining.indexOf(next), 1);
  }
  return ranked;
}

/** Puts the anchor first, the others in the order of `ranked`, and says what decided. */
function chooseOrder(ranked: readonly RankedModality[], anchor: string) {
  const rest = ranked.filter((each) => each.modality !== anchor);
  const decidedBy = ranked.length === 1 ? 'only modality' as const
    : anchor !== 'auto' ? 'config' as const
      : ranked[0]!.tied ? 'entropy' as const : 'accuracy' as const;
  return { order: anchor === 'auto' ? ranked.map((each) => each.modality) : [anchor, ...rest.map((each) => each.modality)], decidedBy };
}

/**
 * Unidirectional Dynamic Interaction: every branch alone, the best one becomes the frozen anchor, the others follow it
 * one after another with a consistency and a complementary term under the dynamic controller (UDI paper, Algorithm 1;
 * M > 2 as in its A.2). Where the paper is silent the choices are those of methods.md 6.3.
 */
export const udi: Method = {
  id: 'udi',
  label: 'UDI',
  source: 'Balanced Multimodal Learning: An Unidirectional Dynamic Interaction Perspective; methods.md 6',
  stageKinds: ['unimodal', 'follower'],
  hparams: {
    anchor: { type: 'modality', choices: ['auto'], default: 'auto', help: 'The anchor: chosen on validation (auto) or this modality.', source: 'section 3.1; Table 4' },
    alpha: {
      type: 'either',
      of: [
        { type: 'choice', values: ['dynamic'], help: 'Set by the dynamic controller.' },
        {
          type: 'map',
          entries: {
            consistency: { type: 'number', min: 0, help: 'Fixed weight of the consistency loss.' },
            complementary: { type: 'number', min: 0, help: 'Fixed weight of the complementary loss.' },
          },
          help: 'Fixed weights.',
        },
      ],
      default: 'dynamic',
      help: 'Weights of the two unsupervised terms: set by the dynamic controller, or fixed as {consistency, complementary}.',
      source: 'eq. 13–16; Table 3',
    },
    tieTolerance: { type: 'number', min: 0, max: 100, default: 1.5, help: 'Accuracy difference in percentage points up to which the lower entropy decides.', source: 'section 3.1; value: methods.md 6.3' },
    followerInit: { type: 'choice', values: ['fresh', 'unimodal'], default: 'fresh', help: 'Start followers anew, or from their unimodal weights.', source: 'methods.md 6.3' },
    ...unsupervisedHparams,
  },
  plan: (modalities, _hparams, epochs) => [
    ...modalities.map((modality) => `unimodal:${modality}`),
    ...modalities.slice(1).map((modality) => `follower:${modality}`),
  ].map((id) => ({ id, epochs: epochs(id) })),
  *stages(model: MultimodalModel, context: MethodContext) {
    // What decides the order does not enter the follower stages: two ways to the same anchor share them.
    const { anchor, tieTolerance, ...settings } = context.hparams as unknown as UdiSettings;
    const results: Record<string, StageResult> = {};
    for (const modality of model.modalities) results[modality] = yield unimodalStage(model, context, modality);

    const tolerance = tieTolerance / 100;
    const scores = Object.fromEntries(model.modalities.map((modality) => [modality, results[modality]!.validation[modality]!]));
    const ranked = rankModalities(scores, tolerance);
    const { order, decidedBy } = chooseOrder(ranked, anchor);
    context.emit({ type: 'anchor', anchor: order[0]!, order, candidates: ranked, tieTolerance: tolerance, decidedBy });

    for (let count = 1; count < order.length; count++) {
      const follower = order[count]!;
      if (settings.followerInit === 'fresh') model.reset(follower);
      model.createFusionHead(order.slice(0, count + 1));
      yield followerStage(model, context, { ...settings, trained: order.slice(0, count), follower, selectBy: FUSION });
    }
  },
};

/** The settings as the specs above give them. */
type UdiSettings = Omit<FollowerSettings, 'trained' | 'follower' | 'selectBy'> & {
  readonly anchor: string;
  readonly tieTolerance: number;
  readonly followerInit: 'fresh' | 'unimodal';
};
