import type { TrainingSettings } from '../../core/config/training.ts';
import { UserError } from '../../core/errors.ts';
import type { MultimodalModel } from '../model/model.ts';
import type { NamedVariables } from '../model/module.ts';
import { createSgd, type Optimizer } from '../model/optimizer.ts';

/** The optimizer of a config for a stage's variables: SGD with its groups and its clipping. */
export function createStageOptimizer(settings: TrainingSettings, model: MultimodalModel, variables: NamedVariables): Optimizer {
  const { momentum, weightDecay, clipGradNorm, groups = [] } = settings;
  // A stage may call a parameter otherwise than the model does (`encoder.fc1.weight` of the one modality that it trains).
  const names = new Map(Object.entries(model.variables()).map(([name, variable]) => [variable, name]));
  const ruleOf = (name: string) => {
    const full = names.get(variables[name]!) ?? name;
    const group = groups.find(({ params }) => covers(params, full, model.modalities));
    return { learningRateFactor: group?.learningRateFactor ?? 1, weightDecay: group?.weightDecay ?? weightDecay };
  };
  return createSgd(variables, momentum, weightDecay, { clipGradNorm, ...(groups.length > 0 ? { ruleOf } : {}) });
}

/** Throws a `UserError` for a group that no parameter of the model is in. Fusion heads may be created later. */
export function checkGroups({ groups = [] }: TrainingSettings, model: MultimodalModel): void {
  const names = Object.keys(model.variables());
  for (const { params } of groups) {
    if (params === 'fusion' || names.some((name) => covers(params, name, model.modalities))) continue;
    const parts = [...new Set(names.map((name) => name.slice(0, name.lastIndexOf('.'))))];
    throw new UserError(`training.groups: no parameter has a name that begins with "${params}".`, `The model has: ${parts.join(', ')}; also without the modality.`);
  }
}

/** Whether a parameter's name in the model begins with `params`, with its modality or without it; `fusion` is the head of any modalities. */
function covers(params: string, name: string, modalities: readonly string[]): boolean {
  const plain = name.replace(/^fusion\([^)]*\)/, 'fusion');
  const modality = modalities.find((each) => plain.startsWith(`${each}.`));
  return [plain, ...(modality === undefined ? [] : [plain.slice(modality.length + 1)])].some((each) => each === params || each.startsWith(`${params}.`));
}
