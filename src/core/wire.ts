import { z } from 'zod';
import { runEventSchema } from './run/events.ts';
import { studyEventSchema } from './study/studyEvents.ts';

/**
 * Messages on the local socket of a trainer or supervisor, one JSON object a line.
 * `subscribe` answers with every journal event after `since`, then live events: attach, re-attach and gap filling are one path.
 */
export const subscribeSchema = z.object({ type: z.literal('subscribe'), since: z.int().min(0) });

/** What a trainer can be asked to do. */
export const trainerCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stop') }).describe('End after the current epoch, with a checkpoint.'),
  z.object({ type: z.literal('cancel') }).describe('End now; the last checkpoint stays.'),
  z.object({ type: z.literal('pause') }).describe('Wait after the current step until `resume`.'),
  z.object({ type: z.literal('resume') }),
]);
export type TrainerCommand = z.infer<typeof trainerCommandSchema>;

/** What a study's supervisor can be asked to do; it passes both on to its trainers and ends when they have ended. */
export const supervisorCommandSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stop') }).describe('Start nothing more; end every trainer after its epoch, with a checkpoint.'),
  z.object({ type: z.literal('cancel') }).describe('Start nothing more; end every trainer now, at its last checkpoint.'),
]);
export type SupervisorCommand = z.infer<typeof supervisorCommandSchema>;

/** What a client of a trainer sends; a supervisor takes `subscribe`, `stop` and `cancel` of these. */
export const clientMessageSchema = z.discriminatedUnion('type', [subscribeSchema, trainerCommandSchema]);
export type ClientMessage = z.infer<typeof clientMessageSchema>;

/** Where the trainer is inside an epoch; sent at most a few times a second and never stored. */
const progress = z.object({
  type: z.literal('progress'),
  stage: z.string(),
  epoch: z.int(),
  epochs: z.int(),
  step: z.int(),
  steps: z.int(),
  samplesPerSecond: z.number(),
});

const refused = z.object({ type: z.literal('refused'), message: z.string() });

export const trainerMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), event: runEventSchema }),
  progress,
  refused,
]);
/** What the trainer sends. */
export type TrainerMessage = z.infer<typeof trainerMessageSchema>;
export type Progress = z.infer<typeof progress>;

export const supervisorMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), event: studyEventSchema }),
  refused,
]);
/** What a study's supervisor sends. */
export type SupervisorMessage = z.infer<typeof supervisorMessageSchema>;

/** Splits a byte stream into lines and hands each complete one on; keeps the rest for the next chunk. */
export function createLineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.length > 0) onLine(line);
  };
}
