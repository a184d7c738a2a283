import { JOURNAL_FORMAT } from '../files/anyEvent.ts';
import type { Run } from './run.ts';

/** Why this version must not append to the journal of a run, as the end of a sentence about it; undefined if it may. */
export function newerFormat({ started, writer }: Run): string | undefined {
  const format = started?.format ?? writer?.format ?? JOURNAL_FORMAT;
  if (format <= JOURNAL_FORMAT) return undefined;
  return `was written by ${writerOf({ started, writer })} in format ${format}; this version writes format ${JOURNAL_FORMAT}.`;
}

/** What there is in the journal that is not shown, in one sentence; undefined if everything is understood. */
export function notUnderstood(run: Pick<Run, 'started' | 'writer' | 'unknown'>): string | undefined {
  const { unknown = 0 } = run;
  if (unknown === 0) return undefined;
  const what = unknown === 1 ? '1 event of the journal is' : `${unknown} events of the journal are`;
  return `${what} of a kind that this version does not know, and not shown (written by ${writerOf(run)}).`;
}

function writerOf({ started, writer }: Pick<Run, 'started' | 'writer'>): string {
  const version = started?.version ?? writer?.version;
  return version ? `UDI Lab ${version}` : 'another program';
}
