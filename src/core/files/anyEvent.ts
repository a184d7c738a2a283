import { z } from 'zod';

/** The format of journals that this version writes; `started` names it. One of a higher format is read as far as it is understood. */
export const JOURNAL_FORMAT = 1;

/**
 * Stands for an event of a newer version (or of another program) whose `type` is not known here. It keeps its place in
 * the count of events; what it says stays in the file. It is read and sent, never written.
 */
const unknownEvent = z.object({
  seq: z.int().min(1),
  time: z.number(),
  type: z.literal('unknown'),
  /** The type as it stands in the file. */
  name: z.string(),
  /** Of the program that wrote it, if the event says so. */
  version: z.string().optional(),
  format: z.int().optional(),
});
export type UnknownEvent = z.infer<typeof unknownEvent>;

/** What every event of every version has. */
const anyEvent = z.looseObject({ seq: z.int().min(1), time: z.number().catch(0), type: z.string() });
/** The `started` of a journal in a higher format than this version's. */
export const newerStart = z.looseObject({ type: z.literal('started'), format: z.int().min(JOURNAL_FORMAT + 1) });

/** A schema of known events that also takes those whose type is none of `types`, as unknown ones. */
export function withUnknown<Event>(known: z.ZodType<Event>, types: readonly string[]): z.ZodType<Event | UnknownEvent> {
  return z.unknown().transform((value, context): Event | UnknownEvent => {
    const event = known.safeParse(value);
    if (event.success) return event.data;
    const other = unknownEvent.safeParse(value).data ?? (types.includes(typeOf(value)) && !newerStart.safeParse(value).success ? undefined : asUnknown(value));
    if (other) return other;
    for (const issue of event.error.issues) context.addIssue({ code: 'custom', message: issue.message, path: issue.path });
    return z.NEVER;
  });
}

function typeOf(value: unknown): string {
  return anyEvent.safeParse(value).data?.type ?? '';
}

/** An event that is not understood, as far as it is one: with number, time and type. */
export function asUnknown(value: unknown): UnknownEvent | undefined {
  const { data } = anyEvent.safeParse(value);
  if (!data) return undefined;
  const { seq, time, type: name, version, format } = data;
  return unknownEvent.safeParse({ seq, time, type: 'unknown', name, ...(typeof version === 'string' ? { version } : {}), ...(typeof format === 'number' ? { format } : {}) }).data;
}
