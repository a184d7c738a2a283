import { z } from 'zod';
import { runEventSchema } from './events.ts';

/**
 * Messages on the trainer's local socket, one JSON object a line.
 * `subscribe` answers with every journal event after `since`, then live events: attach, re-attach and gap filling are one path.
 */
export const clientMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('subscribe'), since: z.int().min(0) }),
  z.object({ type: z.literal('stop') }).describe('End after the current epoch, with a checkpoint.'),
  z.object({ type: z.literal('cancel') }).describe('End now; the last checkpoint stays.'),
  z.object({ type: z.literal('pause') }).describe('Wait after the current step until `resume`.'),
  z.object({ type: z.literal('resume') }),
]);
/** What a client sends. */
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

export const trainerMessageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('event'), event: runEventSchema }),
  progress,
  z.object({ type: z.literal('refused'), message: z.string() }),
]);
/** What the trainer sends. */
export type TrainerMessage = z.infer<typeof trainerMessageSchema>;
export type Progress = z.infer<typeof progress>;

/** Splits a byte stream into lines and hands each complete one on; keeps the rest for the next chunk. */
export function createLineSplitter(onLine: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.length > 0) onLine(line);
  };
}
