import { errorText, knownError, UserError } from '../../core/errors.ts';
import type { StudyEndState, StudyEvent } from '../../core/study/studyEvents.ts';
import { loadStudy, studyFiles, supervisedError, type StoredStudy } from '../../core/study/studyStore.ts';
import { supervisorCommandSchema, type SupervisorCommand } from '../../core/wire.ts';
import { FolderOwner } from '../run/folderOwner.ts';
import { JournalLost, StudyJournal } from '../run/journal.ts';
import { serve } from '../run/server.ts';
import { defaultParallel } from './parallel.ts';
import type { TrainerLaunch } from './supervisedRun.ts';
import { Supervision } from './supervision.ts';

/** How a study is run. */
export interface SupervisorOptions extends TrainerLaunch {
  /** Runs of the plan to care for; all of them if absent. Trainers of other runs that live already are followed, too. */
  readonly keys?: readonly string[];
  /** Trainers side by side, over what the study says. */
  readonly parallel?: number;
  readonly onEvent?: (event: StudyEvent) => void;
  /** Receives the means to end the study (signals of a terminal). */
  readonly onControl?: (control: { stop(): void; cancel(): void }) => void;
}

/**
 * Brings the study in `folder` to its end, as its only supervisor: starts what is missing or failed, resumes what was
 * interrupted or stopped, follows what is running. Everything that happens is in the study's journal.
 * @throws UserError before anything is started if the folder is no study, a key is not in its plan, or it is being run already;
 *   JournalLost if the folder was deleted, or taken over by another supervisor, meanwhile; trainers go on then
 */
export async function runSupervisor(folder: string, options: SupervisorOptions): Promise<StudyEndState> {
  const stored = loadStudy(folder);
  const unknown = options.keys?.filter((key) => !stored.plan.runs.some((run) => run.key === key)) ?? [];
  if (unknown.length > 0) throw new UserError(`The study "${stored.id}" has no run ${unknown.join(', ')}.`, 'Its file was changed since; run the study again.');
  const owner = await FolderOwner.take({
    folder, file: studyFiles.supervisor, openJournal: (mayWrite) => new StudyJournal(folder, mayWrite), refuse: (other) => supervisedError(folder, other),
  });
  try {
    return await supervise(stored, owner, options);
  } finally {
    owner.release();
  }
}

async function supervise(stored: StoredStudy, owner: FolderOwner<StudyJournal>, options: SupervisorOptions): Promise<StudyEndState> {
  const { journal } = owner;
  const supervision = new Supervision(stored, journal, options);
  owner.whenLost(() => supervision.abandon());
  const server = serve<StudyEvent, SupervisorCommand>(owner.listening, {
    journal, commands: supervisorCommandSchema, onCommand: ({ type }) => supervision.ask(type),
  });
  const unsubscribe = journal.subscribe(journal.state.lastSeq, (event) => options.onEvent?.(event));
  options.onControl?.({ stop: () => supervision.ask('stop'), cancel: () => supervision.ask('cancel') });
  let end: { state: StudyEndState; error?: { message: string; hint?: string } };
  try {
    const parallel = options.parallel ?? stored.plan.parallel ?? await defaultParallel(stored.plan, options.trainer, process.cwd(), options.device);
    journal.append({ type: 'started', name: stored.plan.name, runs: stored.plan.runs.length, parallel });
    end = { state: await supervision.run(parallel) };
  } catch (error) {
    end = { state: 'failed', error: failureOf(error) };
  }
  try {
    journal.append({ type: 'ended', ...end });
  } catch (error) {
    if (error instanceof JournalLost) throw error;
    // A journal that cannot be written any more (disk full) must not hide why; the study counts as interrupted.
    process.stderr.write(`${end.error?.message ?? end.state}\n${errorText(error)}\n`);
  } finally {
    unsubscribe();
    await server.close();
  }
  return end.state;
}

function failureOf(error: unknown): { message: string; hint?: string } {
  const known = knownError(error);
  if (known) return { message: known.message, ...(known.hint ? { hint: known.hint } : {}) };
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return { message: errorText(error), hint: 'This is a defect; the log has the details. Trainers that run go on; run the study again to follow them.' };
}
