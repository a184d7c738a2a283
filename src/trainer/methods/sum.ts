import { FUSION } from '../../core/events.ts';
import { crossEntropy } from '../losses.ts';
import type { Method } from '../method.ts';
import { prefixed } from '../module.ts';

/**
 * Joint training of all branches with one cross entropy of the fused logits (methods.md 4.2). The name is that of the
 * paper's baseline; with `fusion: mean` or `concat` it is the same method with that fusion.
 */
export const sum: Method = {
  id: 'sum',
  label: 'Sum (joint training)',
  source: 'Late-fusion baseline of the UDI paper, Table 1; methods.md 4.2',
  stageKinds: ['joint'],
  hparams: {},
  plan: () => ['joint'],
  *stages(model, context) {
    const { modalities } = model;
    model.createFusionHead(modalities);
    const branches = modalities.map((modality) => prefixed(modality, model.branchParameters(modality)));
    yield {
      id: 'joint',
      trains: modalities,
      frozen: [],
      variables: Object.assign({}, ...branches, model.fusionParameters(modalities)),
      selectBy: modalities.length > 1 ? FUSION : modalities[0]!,
      epochs: context.epochs('joint'),
      loss: (outputs, batch) => ({ total: crossEntropy(model.fuse(outputs), batch.oneHot) }),
      unimodal: (outputs) => model.shares(outputs),
    };
  },
};
