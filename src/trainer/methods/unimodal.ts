import { crossEntropy } from '../model/losses.ts';
import type { MultimodalModel } from '../model/model.ts';
import type { Method, MethodContext, Stage } from './method.ts';

/** One branch alone: mean cross entropy of its own logits (methods.md 4.1; UDI eq. 1–3). */
export function unimodalStage(model: MultimodalModel, context: MethodContext, modality: string): Stage {
  const id = `unimodal:${modality}`;
  return {
    id,
    trains: [modality],
    frozen: [],
    variables: model.branchParameters(modality),
    selectBy: modality,
    epochs: context.epochs(id),
    recipe: { settings: { kind: 'unimodal', modality }, after: [] },
    loss: (outputs, batch) => ({ total: crossEntropy(outputs.logits[modality]!, batch.oneHot) }),
  };
}

/** Every branch trained alone; nothing is fused. */
export const unimodal: Method = {
  id: 'unimodal',
  label: 'Unimodal',
  source: 'Reference lines of the UDI paper, Table 1; methods.md 4.1',
  stageKinds: ['unimodal'],
  missingModalities: true,
  hparams: {
    modality: { type: 'modality', choices: ['all'], default: 'all', help: 'Train only this modality, or all of them one after another.', source: 'methods.md 4.1' },
  },
  plan: (modalities, hparams, epochs) => modalities
    .filter((modality) => hparams['modality'] === 'all' || hparams['modality'] === modality)
    .map((modality) => `unimodal:${modality}`)
    .map((id) => ({ id, epochs: epochs(id) })),
  *stages(model, context) {
    const chosen = context.hparams['modality'];
    for (const modality of model.modalities) {
      if (chosen === 'all' || chosen === modality) yield unimodalStage(model, context, modality);
    }
  },
};
