import { UserError } from '../../core/errors.ts';
import type { HParamSpecs } from '../../core/config/hparams.ts';
import type { EncoderKind } from '../model/module.ts';
import { cgmnistEncoder } from './cgmnist.ts';
import { mlpEncoder } from './mlp.ts';

/** Every encoder that a config can name. To add one, write its file and put it here. */
export const encoders: readonly EncoderKind[] = [cgmnistEncoder, mlpEncoder];

/** All settings of an encoder: its own, and those that every encoder has. */
export function encoderSettings(kind: EncoderKind): HParamSpecs {
  return {
    ...kind.settings,
    weights: { type: 'path', optional: true, mustBe: 'file', help: 'Pre-trained weights: a safetensors file of a PyTorch module with the same names, or the model.safetensors of a run.' },
    freeze: { type: 'list', of: { type: 'text', help: 'Beginning of names.' }, min: 1, optional: true, help: 'Parts that are not trained, by the beginnings of their names; running statistics of batch norms go on.' },
  };
}

/** The encoder with this id; throws a UserError that lists the existing ones. */
export function findEncoder(id: string): EncoderKind {
  const found = encoders.find((encoder) => encoder.id === id);
  if (!found)
    throw new UserError(
      `There is no encoder '${id}'.`,
      `Choose one of: ${encoders.map((encoder) => encoder.id).join(', ')}.`,
    );
  return found;
}
