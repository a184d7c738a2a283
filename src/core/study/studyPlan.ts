import { z } from 'zod';
import { runConfigSchema } from '../config/config.ts';

/** Tables that need no more than their name: Tables 1 to 4 of the paper. */
export const presetIds = ['methods', 'components', 'alpha', 'anchor'] as const;
export type PresetId = (typeof presetIds)[number];

/** Tables that a study can have: the presets and the rows of its own grid. */
export const studyTableIds = [...presetIds, 'grid'] as const;
export type StudyTableId = (typeof studyTableIds)[number];

/** One run of a study. Two rows that ask for the same training share one. */
const plannedRun = z.object({
  /** Hash of everything in the config that determines the result (`runKeys`); the same in every expansion of every study. */
  key: z.string(),
  label: z.string(),
  /** Complete; its paths start in the workspace where they lie inside. */
  config: runConfigSchema,
});
export type PlannedRun = z.infer<typeof plannedRun>;

const plannedRow = z.object({
  /** Unique in its table, e.g. `ogm`, `do+dc`, `0,1`, `anchor:gray`, `unimodal:gray`. */
  id: z.string(),
  label: z.string(),
  /** Text of the columns before the scores, in the order of the table's `settings`, e.g. `✓` under DO. */
  settings: z.array(z.string()),
  /** The modality whose score is the headline of this row; fusion if absent (rows of single branches). */
  target: z.string().optional(),
  /** One run for every seed. */
  runs: z.array(z.object({ seed: z.int(), key: z.string() })),
});
export type PlannedRow = z.infer<typeof plannedRow>;

const plannedTable = z.object({
  id: z.enum(studyTableIds),
  title: z.string(),
  /** Headings of the columns before the scores. */
  settings: z.array(z.string()),
  rows: z.array(plannedRow),
});
export type PlannedTable = z.infer<typeof plannedTable>;

/** What a study consists of: the result of its expansion, stored as `plan.json` in the folder of the study. */
export const studyPlanSchema = z.object({
  format: z.literal(1),
  name: z.string(),
  /** Trainers side by side; absent: as many as the machine has physical cores (CPU backends), or one on a GPU. */
  parallel: z.int().min(1).optional(),
  tables: z.array(plannedTable),
  /** Distinct runs, in the order in which they are started. */
  runs: z.array(plannedRun),
  /** What the study leaves out, and why, in whole sentences. */
  notes: z.array(z.string()).optional(),
});
export type StudyPlan = z.infer<typeof studyPlanSchema>;
