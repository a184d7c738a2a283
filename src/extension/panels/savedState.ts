import { z } from 'zod';

const savedStateSchema = z.looseObject({ runs: z.array(z.string()) });

/** The ids of the runs, or of the study, that a page stored with `setState`, for restoring its panel; none if it stored none. */
export function savedRuns(state: unknown): string[] {
  return savedStateSchema.safeParse(state).data?.runs ?? [];
}
