import { UserError } from '../../core/errors.ts';
import type { MultimodalModel } from '../model/model.ts';

/** Number of features that all encoders have; a `UserError` if they differ, since one head for all needs them equal. */
export function commonFeatureSize(model: MultimodalModel, label: string): number {
  return equalFeatureSize(label, Object.fromEntries(model.modalities.map((modality) => [modality, model.featureSize(modality)])));
}

/** The same for numbers of features by modality. */
export function equalFeatureSize(label: string, sizes: Readonly<Record<string, number>>): number {
  if (new Set(Object.values(sizes)).size > 1) {
    const list = Object.entries(sizes).map(([modality, size]) => `${modality}: ${size}`).join(', ');
    throw new UserError(`${label} has one head for all modalities, so their encoders must give equally many features (${list}).`, 'Choose encoders of equal size under model.encoder.');
  }
  return Object.values(sizes)[0]!;
}
