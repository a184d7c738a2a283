import { z } from 'zod';
import type { Metric } from './run/events.ts';
import type { ShownConfig } from './run/shownConfig.ts';
import type { Run, RunState } from './run/run.ts';
import type { StudyCurves } from './study/studyCurves.ts';
import type { StudyTable } from './study/studyResults.ts';
import type { StudyState } from './study/studyEvents.ts';
import type { Progress } from './wire.ts';

export type * from './run/alpha.ts';
export type * from './run/run.ts';
export type * from './run/events.ts';
export type * from './run/targets.ts';
export type * from './study/studyResults.ts';
export type * from './study/studyCurves.ts';
export type { RunConfig } from './config/config.ts';
export type { ShownConfig } from './run/shownConfig.ts';
export type { StudyTableId } from './study/studyPlan.ts';
export type { StudyState } from './study/studyEvents.ts';
export type { Progress } from './wire.ts';

/**
 * Everything the run panel draws. The host owns it; the page keeps only view state. Every message to a page is the whole
 * state (`packState`), so that opening, re-opening and updating are one path.
 */
export interface RunView {
  readonly id: string;
  readonly title: string;
  readonly state: RunState;
  readonly run: Run;
  readonly config: ShownConfig;
  /** Why the state is `unreadable`. */
  readonly reason?: string;
  /** What of the journal is not understood, in one sentence. */
  readonly notUnderstood?: string;
  readonly progress?: Progress;
  /** Name of the machine that trains the run, if its trainer cannot be reached from here: it can only be watched. */
  readonly elsewhere?: string;
  /** Whether the trainer has no socket, so that it can be ended, but not paused. */
  readonly noSocket?: boolean;
  /** Another program trains it: its config is none that our trainer could go on with. */
  readonly foreign?: boolean;
  /** Whether the workspace is trusted, i.e. whether training may be started here. */
  readonly trusted: boolean;
}

/** Run panel to host. */
export const fromRunPanelSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('action'), action: z.enum(['stop', 'cancel', 'pause', 'continue', 'resume', 'trainAgain', 'openConfig', 'openSource', 'openLog', 'revealFolder']) }),
  z.object({ type: z.literal('copy'), text: z.string() }),
]);
export type FromRunPanel = z.infer<typeof fromRunPanelSchema>;

/** Everything the compare panel draws; `runs` in the order of selection. */
export interface CompareView {
  readonly runs: readonly RunView[];
  /** Config keys in which the runs differ, with the value of each run as text ('' where it has none). */
  readonly changed: readonly { readonly key: string; readonly values: readonly string[] }[];
  /** Rows of test scores, e.g. ACC of fusion. */
  readonly scores: readonly ScoreRow[];
}

/** One row of scores over the compared runs: null where a run has none; `best` holds the indices of the best runs. */
export interface ScoreRow {
  readonly target: string;
  readonly metric: Metric;
  readonly values: readonly (number | null)[];
  readonly best: readonly number[];
}

/** Compare panel to host. */
export const fromComparePanelSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('copyTable'), format: z.enum(['csv', 'markdown', 'latex']) }),
  z.object({ type: z.literal('openRun'), id: z.string() }),
]);
export type FromComparePanel = z.infer<typeof fromComparePanelSchema>;

/** One run of a study in the panel's list of what is going on. */
export interface StudyRunView {
  readonly key: string;
  readonly label: string;
  /** Id of the run's folder; absent before it is started. */
  readonly run?: string;
  readonly state: RunState | 'missing';
  /** Epochs that are done, of how many, while it runs. */
  readonly done?: number;
  readonly planned?: number;
  /** Whether a loss or score of it was no finite number. */
  readonly diverged?: true;
  /** Why it failed or waits. */
  readonly message?: string;
}

/** Everything the study panel draws. */
export interface StudyView {
  readonly id: string;
  readonly title: string;
  readonly state: StudyState;
  /** Runs of the plan in the order in which they are started. */
  readonly runs: readonly StudyRunView[];
  readonly parallel: number;
  readonly tables: readonly StudyTable[];
  readonly curves: readonly StudyCurves[];
  /** What the plan leaves out, and why. */
  readonly notes?: readonly string[];
  /** Estimated seconds until the end, while it runs; absent before the first epoch of any run. */
  readonly secondsLeft?: number;
  /** Times (ms since 1970) of the study's first and newest event. */
  readonly firstTime?: number;
  readonly lastTime?: number;
  readonly error?: { readonly message: string; readonly hint?: string };
  /** Name of the machine that runs the study, if its supervisor cannot be reached from here: it can only be watched. */
  readonly elsewhere?: string;
  readonly trusted: boolean;
}

/** Study panel to host. `run` starts what is missing; with keys, only these runs. */
export const fromStudyPanelSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('run'), keys: z.array(z.string()).optional() }),
  z.object({ type: z.literal('stop') }),
  z.object({ type: z.literal('openFile') }),
  z.object({ type: z.literal('openRun'), id: z.string() }),
  z.object({ type: z.literal('compareRuns'), ids: z.array(z.string()) }),
  z.object({ type: z.literal('copyTable'), table: z.string(), format: z.enum(['csv', 'markdown', 'latex']) }),
  z.object({ type: z.literal('saveTable'), table: z.string(), format: z.enum(['csv', 'markdown', 'latex']) }),
  z.object({ type: z.literal('saveChart'), name: z.string(), format: z.enum(['png', 'svg']), data: z.string() }),
]);
export type FromStudyPanel = z.infer<typeof fromStudyPanelSchema>;
