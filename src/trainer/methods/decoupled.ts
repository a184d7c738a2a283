import type { Method } from './method.ts';
import { udi } from './udi.ts';

/** What UDI's settings are without the two unsupervised terms, beside those that this method has itself. */
const withoutTerms = {
  ...Object.fromEntries(Object.entries(udi.hparams).map(([key, spec]) => [key, 'default' in spec ? spec.default : undefined])),
  alpha: { consistency: 0, complementary: 0 },
};

/**
 * Branches that are trained independently and fused: UDI without its unsupervised terms, alpha = (0,0), so that epochs are
 * selected by the same criterion as there (row "DO only" of the UDI paper's Table 2, which equals (0,0) of Table 3; methods.md 7).
 */
export const decoupled: Method = {
  id: 'decoupled',
  label: 'Decoupled',
  source: 'UDI paper, Table 2 (DO only) and Table 3 (0,0); methods.md 7',
  stageKinds: udi.stageKinds,
  missingModalities: true,
  hparams: { anchor: udi.hparams['anchor']!, tieTolerance: udi.hparams['tieTolerance']! },
  plan: udi.plan,
  *stages(model, context) {
    yield* udi.stages(model, { ...context, hparams: { ...withoutTerms, ...context.hparams } });
  },
};
