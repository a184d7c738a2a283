import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { measuredNumber } from '../files/jsonNumbers.ts';
import { readJson, writeJson } from '../files/jsonFile.ts';
import { endedSchema, metricSchema, startedSchema } from './events.ts';
import { emptyRun, foldEvents, headlineOf, progressOf, type Run } from './run.ts';
import { canonicalJson } from './runKey.ts';
import { isWrittenNow, liveTrainer, readJournal, readMeta, runFiles, type RunMeta } from './runStore.ts';
import { readShownConfig } from './unreadable.ts';

/** The format of summaries that this version reads and writes; one of another format is made anew from the journal. */
const SUMMARY_FORMAT = 1;

const count = z.int().min(0);
const { name, version, seed, method, backend, metrics, dataset } = startedSchema.shape;

/**
 * What lists need of a run: what its journal says in short, in `summary.json` beside it. It is made from the journal and never
 * believed against it. Where it says what `Run` says, it has the same keys.
 */
const summarySchema = z.object({
  format: z.literal(SUMMARY_FORMAT),
  /** The journal that it was made from: bytes, and when it was last written to (ms since 1970). Another one makes a new summary. */
  journal: z.object({ size: count, mtimeMs: z.number() }),
  started: z.object({ name, version, seed, method, backend, metrics, dataset: dataset.unwrap().pick({ name: true }) }).optional(),
  /** Epochs of all stages together. */
  epochs: z.object({ done: count, planned: count }),
  headline: z.object({ target: z.string(), split: z.enum(['test', 'validation']), metric: metricSchema, value: measuredNumber }).optional(),
  /** Scores on the test split by target and metric, without those by class. */
  test: z.record(z.string(), z.record(z.string(), measuredNumber)).optional(),
  paused: z.boolean(),
  ended: endedSchema.pick({ state: true, error: true }).optional(),
  /** Times (ms since 1970) of the first and the newest event. */
  firstTime: z.number().optional(),
  lastTime: z.number().optional(),
  /** For other programs, as noted when the summary was written: its place in a study, and the SHA-256 of its stored config as JSON with sorted keys. */
  study: z.object({ id: z.string(), key: z.string() }).optional(),
  configHash: z.string().optional(),
});
export type RunSummary = z.infer<typeof summarySchema>;

/** Which journal a summary was made from. */
export type JournalStamp = RunSummary['journal'];

/** What of a summary the journal does not say. */
export interface SummaryOrigin {
  readonly journal: JournalStamp;
  readonly study?: RunMeta['study'];
  readonly configHash?: string | undefined;
}

/** The summary of a run. */
export function summaryOf(run: Run, { journal, study, configHash }: SummaryOrigin): RunSummary {
  const { started, test, paused, ended, firstTime, lastTime } = run;
  const { done, planned } = progressOf(run);
  return {
    format: SUMMARY_FORMAT,
    journal,
    started: started && {
      name: started.name, version: started.version, seed: started.seed, method: started.method, backend: started.backend,
      metrics: started.metrics, dataset: { name: started.dataset.name },
    },
    epochs: { done, planned: Math.max(0, planned) },
    headline: headlineOf(run),
    test: test && Object.fromEntries(Object.entries(test).map(([target, scores]) => [target, numbersOf(scores)])),
    paused, ended, firstTime, lastTime, study, configHash,
  };
}

/** The summary of a run without a journal. */
export const emptySummary: RunSummary = summaryOf(emptyRun, { journal: { size: 0, mtimeMs: 0 } });

/** The stored summary of a run if it agrees with the journal; the journal is not read. Undefined otherwise. */
export function storedSummary(folder: string): RunSummary | undefined {
  const now = journalStamp(folder);
  const stored = now && readJson(join(folder, runFiles.summary), summarySchema);
  return stored && stored.journal.size === now.size && stored.journal.mtimeMs === now.mtimeMs ? stored : undefined;
}

/**
 * The summary of a run: the stored one if it agrees with the journal, else made from the journal, and stored if nobody trains the
 * run. Throws what the system says if the journal cannot be read.
 */
export function readSummary(folder: string): RunSummary {
  const stored = storedSummary(folder);
  if (stored) return stored;
  // Taken before the journal is read: what is appended in between makes the summary disagree, not lie.
  const journal = journalStamp(folder);
  if (!journal) return emptySummary;
  const run = foldEvents(readJournal(folder).events);
  if (liveTrainer(folder) || isWrittenNow(folder)) return summaryOf(run, { journal });
  return writeSummary(folder, run, journal);
}

/** Which journal the run has now; undefined without one. */
export function journalStamp(folder: string): JournalStamp | undefined {
  const stat = statSync(join(folder, runFiles.events), { throwIfNoEntry: false });
  return stat && { size: stat.size, mtimeMs: stat.mtimeMs };
}

/**
 * Stores and returns the summary of a run as its journal had it at `journal`. A folder that cannot be written (read-only, disk full)
 * stays without one: everything in it can be made again.
 */
export function writeSummary(folder: string, run: Run, journal: JournalStamp): RunSummary {
  const summary = summaryOf(run, { journal, study: readMeta(folder).study, configHash: configHash(folder) });
  try {
    writeJson(join(folder, runFiles.summary), summary);
  } catch {
    // Whoever needs it makes it from the journal.
  }
  return summary;
}

function configHash(folder: string): string | undefined {
  try {
    return createHash('sha256').update(canonicalJson(readShownConfig(folder))).digest('hex');
  } catch {
    return undefined;
  }
}

function numbersOf(scores: Readonly<Record<string, unknown>>): Record<string, number> {
  return Object.fromEntries(Object.entries(scores).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}
