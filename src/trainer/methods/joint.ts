import { FUSION } from '../../core/run/targets.ts';
import { crossEntropy } from '../model/losses.ts';
import type { MethodContext, PlannedStage, Stage } from './method.ts';
import type { MultimodalModel } from '../model/model.ts';

/**
 * One stage that trains all branches together with the cross entropy of the fused logits: what the joint methods start
 * from and change a part of. Attach modules to the model first: its `variables` are all parameters the model has by then.
 */
export function jointStage(model: MultimodalModel, context: MethodContext): Stage {
  const { modalities } = model;
  model.createFusionHead(modalities);
  return {
    id: 'joint',
    trains: modalities,
    frozen: [],
    variables: model.parameters(),
    selectBy: modalities.length > 1 ? FUSION : modalities[0]!,
    epochs: context.epochs('joint'),
    loss: (outputs, batch) => ({ total: crossEntropy(model.fuse(outputs), batch.oneHot) }),
    unimodal: (outputs) => model.shares(outputs),
  };
}

/** The plan of a method with one joint stage. */
export function jointPlan(_modalities: readonly string[], _hparams: unknown, epochs: (stage: string) => number): PlannedStage[] {
  return [{ id: 'joint', epochs: epochs('joint') }];
}
