import { UserError } from '../../core/errors.ts';
import type { MultimodalModel } from '../model/model.ts';

/** Number of features that all encoders have; a `UserError` if they differ, since one head for all needs them equal. */
export function commonFeatureSize(model: MultimodalModel, label: string): number {
  const sizes = model.modalities.map((modality) => model.featureSize(modality));
  if (new Set(sizes).size > 1) {
    const list = model.modalities.map((modality, index) => `${modality}: ${sizes[index]!}`).join(', ');
    throw new UserError(`${label} has one head for all modalities, so their encoders must give equally many features (${list}).`, 'Choose encoders of equal size under model.encoder.');
  }
  return sizes[0]!;
}
