import { UserError } from '../../core/errors.ts';
import type { EncoderKind } from '../model/module.ts';
import { cgmnistEncoder } from './cgmnist.ts';
import { mlpEncoder } from './mlp.ts';

/** Every encoder that a config can name. To add one, write its file and put it here. */
export const encoders: readonly EncoderKind[] = [cgmnistEncoder, mlpEncoder];

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
