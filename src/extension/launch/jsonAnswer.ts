import type { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { oneLine } from '../../core/printable.ts';
import type { TrainerOutput } from './trainerLauncher.ts';

/**
 * What a trainer command printed as JSON.
 * @throws UserError that begins with `failure` and ends with the trainer's words if it failed or printed something else
 */
export function jsonAnswer<Answer>({ code, stdout, stderr }: TrainerOutput, schema: z.ZodType<Answer>, failure: string): Answer {
  const answer = code === 0 ? parse(stdout, schema) : undefined;
  if (answer !== undefined) return answer;
  throw new UserError(`${failure} (exit code ${code ?? 'none'}). ${oneLine(stderr, 1000)}`);
}

function parse<Answer>(json: string, schema: z.ZodType<Answer>): Answer | undefined {
  try {
    return schema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}
