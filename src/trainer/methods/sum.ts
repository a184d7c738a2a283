import type { Method } from './method.ts';
import { jointPlan, jointStage } from './joint.ts';

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
  missingModalities: true,
  plan: jointPlan,
  *stages(model, context) {
    yield { ...jointStage(model, context), recipe: { settings: { kind: 'sum' }, after: [] } };
  },
};
