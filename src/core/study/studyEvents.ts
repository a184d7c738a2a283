import { z } from 'zod';
import { withUnknown, type UnknownEvent } from '../files/anyEvent.ts';

/** Events of a study: the journal `events.jsonl` in its folder, and its socket. `seq` and `time` as in a run's journal. */
const base = { seq: z.int().min(1), time: z.number() };

/** A supervisor took the study up (again); `runs` is the number of runs that the plan has now. */
const started = z.object({ ...base, type: z.literal('started'), name: z.string(), runs: z.int().min(0), parallel: z.int().min(1) });

/** A trainer was started, or found alive, for the run of this key; `run` is the id of the run's folder. */
const runStarted = z.object({ ...base, type: z.literal('runStarted'), key: z.string(), run: z.string(), how: z.enum(['new', 'resumed', 'found']) });

const runEnded = z.object({
  ...base, type: z.literal('runEnded'), key: z.string(), run: z.string(),
  state: z.enum(['finished', 'stopped', 'cancelled', 'failed', 'interrupted']),
  message: z.string().optional(),
  /** Highest resident memory of the trainer, bytes. */
  peakMemory: z.number().optional(),
});

/** A run waits although a trainer could be started, with the reason (memory). */
const waiting = z.object({ ...base, type: z.literal('waiting'), key: z.string(), reason: z.string() });

const ended = z.object({
  ...base, type: z.literal('ended'),
  /** `finished`: every run of the plan is; `incomplete`: some failed; `stopped`: asked to. */
  state: z.enum(['finished', 'incomplete', 'stopped', 'failed']),
  error: z.object({ message: z.string(), hint: z.string().optional() }).optional(),
});

/** Schema of what a supervisor writes into its journal. */
export const writtenStudyEventSchema = z.discriminatedUnion('type', [started, runStarted, runEnded, waiting, ended]);
type KnownStudyEvent = z.infer<typeof writtenStudyEventSchema>;
export type StudyEvent = KnownStudyEvent | UnknownEvent;
/** Schema of one line of a study's journal as it is read: events of unknown types are kept as such. */
export const studyEventSchema: z.ZodType<StudyEvent> = withUnknown(writtenStudyEventSchema, writtenStudyEventSchema.options.map(({ shape }) => shape.type.value));
/** An event before the journal has numbered and dated it. */
export type NewStudyEvent = KnownStudyEvent extends infer E ? (E extends KnownStudyEvent ? Omit<E, 'seq' | 'time'> : never) : never;
export type StudyEndState = Extract<KnownStudyEvent, { type: 'ended' }>['state'];
/** The state that is shown: derived from the journal and from whether the supervisor's process lives. */
export type StudyState = StudyEndState | 'running' | 'interrupted' | 'new';

/** What a study's journal says so far. */
export interface Study {
  readonly name?: string;
  readonly planned: number;
  readonly parallel: number;
  /** Runs that this supervisor has in hand, by key: the id of the run. */
  readonly open: Readonly<Record<string, string>>;
  readonly waiting: Readonly<Record<string, string>>;
  /** What the trainers died of that said no last word and were not started again, by key. */
  readonly died: Readonly<Record<string, string>>;
  readonly ended?: { readonly state: StudyEndState; readonly error?: { readonly message: string; readonly hint?: string } };
  readonly firstTime?: number;
  readonly lastTime?: number;
  readonly lastSeq: number;
}

/** A study without events. */
export const emptyStudy: Study = { planned: 0, parallel: 1, open: {}, waiting: {}, died: {}, lastSeq: 0 };

/** Folds one event into a study; events that it has already seen (by `seq`) change nothing. */
export function applyStudyEvent(study: Study, event: StudyEvent): Study {
  if (event.seq <= study.lastSeq) return study;
  const next: Study = { ...study, lastSeq: event.seq, lastTime: event.time, firstTime: study.firstTime ?? event.time };
  switch (event.type) {
    case 'started': {
      const { ended: _, ...rest } = next;
      return { ...rest, name: event.name, planned: event.runs, parallel: event.parallel, open: {}, waiting: {}, died: {} };
    }
    case 'runStarted': return { ...next, open: { ...study.open, [event.key]: event.run }, waiting: without(study.waiting, event.key), died: without(study.died, event.key) };
    case 'runEnded': {
      const died = event.state === 'interrupted' && event.message !== undefined ? { ...study.died, [event.key]: event.message } : study.died;
      return { ...next, open: without(study.open, event.key), died };
    }
    case 'waiting': return { ...next, waiting: { ...study.waiting, [event.key]: event.reason } };
    case 'ended': return { ...next, open: {}, waiting: {}, ended: { state: event.state, ...(event.error ? { error: event.error } : {}) } };
    case 'unknown': return next;
  }
}

/** The state to show. `alive`: whether the recorded supervisor process runs. */
export function studyStateOf(study: Study, alive: boolean): StudyState {
  if (study.ended) return study.ended.state;
  if (alive) return 'running';
  return study.lastSeq === 0 ? 'new' : 'interrupted';
}

function without(record: Readonly<Record<string, string>>, key: string): Record<string, string> {
  const { [key]: _, ...rest } = record;
  return rest;
}
