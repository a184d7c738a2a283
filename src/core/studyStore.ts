import type { StudyEndState } from './studyEvents.ts';

/** Files of a study's folder, `.udi/studies/<id>/`. */
export const studyFiles = {
  plan: 'plan.json',
  events: 'events.jsonl',
  supervisor: 'supervisor.json',
  log: 'supervisor.log',
} as const;

/** The state that is shown: derived from the journal and from whether the supervisor's process lives. */
export type StudyState = StudyEndState | 'running' | 'interrupted' | 'new';
