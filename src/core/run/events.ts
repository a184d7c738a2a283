import { z } from 'zod';
import { withReadings } from './oldEvents.ts';
import { withUnknown, type UnknownEvent } from '../files/anyEvent.ts';
import { measuredNumber } from '../files/jsonNumbers.ts';

/**
 * The events of a run, as they stand in `events.jsonl` and travel over the socket: one JSON object a line.
 * `seq` counts from 1 without a gap; `time` is milliseconds since 1970. Epochs count from 1. Keys that are not known are left out.
 */
const base = { seq: z.int().min(1), time: z.number() };
const count = z.int().min(0);
const measured = z.record(z.string(), measuredNumber);

/** What a run is scored by. The values of a metric of format `percent` are shares (0.9712 is shown as 97.12 %). */
const metric = z.object({
  /** The key of its values in `scores`; `loss` and `entropy` may be metrics, too. */
  id: z.string().regex(/^(?!(recall|confusion)$)./, 'recall and confusion are no numbers: choose another id'),
  label: z.string().min(1),
  unit: z.string().min(1).optional(),
  better: z.enum(['higher', 'lower']),
  format: z.enum(['percent', 'number']),
  /** Decimals that are shown; absent: 2 of percentages, 4 of other numbers. */
  digits: z.int().min(0).max(12).optional(),
});
const metrics = z.array(metric).min(1)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length, 'Every metric must have an id of its own.');

/** Scores of one target (a modality, or `fusion`) by metric; beside them what else was measured (`loss` and `entropy`, in nats). */
const scores = measured;
/** The same on the test split. `recall` by class, and `confusion` (rows: true class, columns: predicted class), where there are classes. */
export interface TestScores {
  readonly recall?: readonly number[] | undefined;
  readonly confusion?: readonly (readonly number[])[] | undefined;
  readonly [name: string]: number | readonly number[] | readonly (readonly number[])[] | undefined;
}
const testScores: z.ZodType<TestScores> = z.object({
  recall: z.array(measuredNumber).optional(),
  confusion: z.array(z.array(count)).optional(),
}).catchall(measuredNumber);

const noSizes = { train: 0, validation: 0, test: 0 };
const backend = z.object({
  id: z.string(),
  device: z.string().default(''),
  skipped: z.array(z.object({ id: z.string(), reason: z.string() })).default([]),
});

/** The beginning. Only `name` is needed; what other programs leave out is not shown. */
const started = z.object({
  ...base,
  type: z.literal('started'),
  /** Format of the journal (`JOURNAL_FORMAT`); absent in journals from before it was named. */
  format: z.int().min(1).optional(),
  name: z.string(),
  /** Of the program that writes the journal. */
  version: z.string().default(''),
  seed: z.int().default(0),
  method: z.object({ name: z.string(), label: z.string().default('') }).default({ name: '', label: '' }),
  dataset: z.object({
    name: z.string().default(''),
    fingerprint: z.string().default(''),
    /** Hashes of what the data consist of (class list, samples, ...): a mismatch can say what differs. */
    parts: z.record(z.string(), z.string()).optional(),
    classes: z.array(z.string()).default([]),
    modalities: z.array(z.object({
      id: z.string(),
      encoder: z.string().default(''),
      parameters: count.default(0),
      /** How many of these are frozen, where any are. */
      frozen: count.optional(),
      settings: z.record(z.string(), z.unknown()).optional(),
      /** Pre-trained weights that the encoder started from. */
      weights: z.object({ file: z.string(), sha256: z.string() }).optional(),
    })).default([]),
    sizes: z.object({ train: count, validation: count, test: count }).default(noSizes),
  }).default({ name: '', fingerprint: '', classes: [], modalities: [], sizes: noSizes }),
  fusion: z.string().default(''),
  backend: backend.default({ id: '', device: '', skipped: [] }),
  /** Epochs of all stages together, if none ends early; 0 if that is not known. */
  plannedEpochs: count.default(0),
  /** What the scores are, the most important one first; absent: `accuracy` and `f1`. */
  metrics: metrics.optional(),
});

/** The trainer went on after `epoch` epochs of `stage` (0 and no stage: from the beginning). */
const resumed = z.object({ ...base, type: z.literal('resumed'), stage: z.string().optional(), epoch: count, backend });

const stage = z.object({ ...base, type: z.literal('stage'), stage: z.string(), trains: z.array(z.string()).default([]), evaluates: z.array(z.string()).default([]), epochs: count });

const epoch = z.object({
  ...base,
  type: z.literal('epoch'),
  stage: z.string().default('training'),
  epoch: count,
  /** Epochs that the stage will have; 0 if that is not known. */
  epochs: count.default(0),
  /** Mean over the training samples of every loss term, `total` included. */
  losses: measured.default({}),
  /** Scores on the validation split by target. */
  validation: z.record(z.string(), scores).default({}),
  learningRate: z.number().optional(),
  /** What the method reports of this epoch, by its own names (`coefficient.gray`, `alpha.consistency`). */
  readings: measured.optional(),
  /** Time that the epoch took, without pauses. */
  seconds: z.number().default(0),
  samplesPerSecond: z.number().optional(),
});

const stageEnded = z.object({
  ...base,
  type: z.literal('stageEnded'),
  stage: z.string(),
  epochs: count,
  /** The epoch whose weights the stage hands on. */
  keptEpoch: count,
  /** The stage whose epoch that is, where the stage ends a training of several (see `keptEpoch`) and an earlier one had the best. */
  keptStage: z.string().optional(),
  reason: z.enum(['completed', 'early stopping']).default('completed'),
  /** Validation scores of the kept epoch. */
  validation: z.record(z.string(), scores).default({}),
  /** True if another run had trained the stage and it was loaded from the cache. */
  cached: z.boolean().optional(),
});

const anchor = z.object({
  ...base,
  type: z.literal('anchor'),
  anchor: z.string(),
  /** Modalities in the order in which they are trained; the first one is the anchor. */
  order: z.array(z.string()),
  candidates: z.array(z.object({ modality: z.string(), accuracy: measuredNumber, entropy: measuredNumber, tied: z.boolean() })),
  /** Accuracy difference (0..1) up to which the entropy decides. */
  tieTolerance: z.number(),
  decidedBy: z.enum(['accuracy', 'entropy', 'config', 'only modality']),
});

const test = z.object({
  ...base,
  type: z.literal('test'),
  scores: z.record(z.string(), testScores),
  /** The split on which the reported weights were selected. */
  selectedOn: z.enum(['validation', 'test']).default('validation'),
});

const note = z.object({
  ...base,
  type: z.literal('note'),
  message: z.string(),
  /** The stage for which the run stands still from now on, because another run trains the same one. */
  waitsFor: z.string().optional(),
});
const paused = z.object({ ...base, type: z.literal('paused') });
const continued = z.object({ ...base, type: z.literal('continued') });

const ended = z.object({
  ...base,
  type: z.literal('ended'),
  state: z.enum(['finished', 'stopped', 'cancelled', 'failed']),
  error: z.object({
    message: z.string(),
    hint: z.string().optional(),
    /** Set if a loss, score or reading was not finite: where, as far as it is known. */
    diverged: z.object({ stage: z.string(), epoch: count, step: count.optional() }).optional(),
  }).optional(),
  /** Highest resident memory of the trainer that ended, bytes. */
  peakMemory: count.optional(),
});

/** Schemas that a summary of a run shares with its events. */
export const startedSchema = started;
export const endedSchema = ended;
export const metricSchema = metric;

/** Schemas of the events that the stage cache keeps. */
export const epochEventSchema = z.preprocess(withReadings, epoch);
export const stageEndedEventSchema = stageEnded;

/** Schema of what a trainer writes into its journal. */
export const writtenRunEventSchema = z.discriminatedUnion('type', [
  started, resumed, stage, epoch, stageEnded, anchor, test, note, paused, continued, ended,
]);
/** An event of a kind that this version knows. */
export type KnownRunEvent = z.infer<typeof writtenRunEventSchema>;
/** One event of a run as it is read. */
export type RunEvent = KnownRunEvent | UnknownEvent;

/** Schema of one journal line as it is read: events of unknown types are kept as such. */
export const runEventSchema: z.ZodType<RunEvent> = withUnknown(z.preprocess(withReadings, writtenRunEventSchema), writtenRunEventSchema.options.map(({ shape }) => shape.type.value));

/** An event before the journal has numbered and dated it. */
export type NewEvent = KnownRunEvent extends infer E ? (E extends KnownRunEvent ? Omit<E, 'seq' | 'time'> : never) : never;
export type EpochEvent = z.infer<typeof epoch>;
export type AnchorEvent = z.infer<typeof anchor>;
export type StartedEvent = z.infer<typeof started>;
export type Metric = z.infer<typeof metric>;
export type Scores = z.infer<typeof scores>;
