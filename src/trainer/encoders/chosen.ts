import { resolve } from 'node:path';
import { z } from 'zod';
import { encoderChoice, type RunConfig } from '../../core/config/config.ts';
import { hparamShape } from '../../core/config/hparams.ts';
import { UserError } from '../../core/errors.ts';
import type { ModalityInfo } from '../data/dataset.ts';
import type { Method } from '../methods/method.ts';
import { equalFeatureSize } from '../methods/sharedHead.ts';
import type { ModelOptions } from '../model/model.ts';
import { openPretrained } from '../store/pretrained.ts';
import { encoderSettings, findEncoder } from './index.ts';

/**
 * The encoders that a config chooses for these modalities, with their settings, weights (paths start in `workspace`) and frozen parts.
 * Throws a `UserError` for an encoder that does not fit its modality or the method, and for weights that cannot be read.
 */
export function chooseEncoders(config: RunConfig, modalities: readonly ModalityInfo[], method: Method, workspace: string): ModelOptions['modalities'] {
  const chosen = modalities.map((modality) => {
    const { name, settings: given } = encoderChoice(modality.id, config.model.encoder, modality.encoder);
    const kind = findEncoder(name);
    const refusal = kind.refuses(modality);
    if (refusal) {
      const { id, kind: content, shape, dtype } = modality;
      throw new UserError(`Encoder ${name} does not fit modality ${id} (${content}, [${shape.map((length) => length ?? 'any').join(', ')}], ${dtype}): ${refusal}`,
        'Choose another one under model.encoder.');
    }
    const { weights, freeze, ...settings } = z.strictObject(hparamShape(encoderSettings(kind))).parse(given) as Record<string, unknown> & { weights?: string; freeze?: string[] };
    const { id, shape, dtype, masked } = modality;
    return { id, shape, dtype, ...(masked ? { masked } : {}), encoder: kind, settings, ...(freeze ? { freeze } : {}), ...(weights === undefined ? {} : { weights }) };
  });
  if (method.equalFeatures) equalFeatureSize(method.label, Object.fromEntries(chosen.map((each) => [each.id, each.encoder.featureSize(each, each.settings)])));
  return chosen.map(({ weights, ...each }) => ({ ...each, ...(weights === undefined ? {} : { pretrained: openPretrained(resolve(workspace, weights), each.id) }) }));
}
