import { UserError } from '../../core/errors.ts';
import type { StudyEndState, StudyEvent } from '../../core/study/studyEvents.ts';
import { loadStudy, studyFiles, supervisedError, type StoredStudy } from '../../core/study/studyStore.ts';
import { supervisorCommandSchema, type SupervisorCommand } from '../../core/wire.ts';
import { closing, failureOf } from '../run/closing.ts';
import { FolderOwner } from '../run/folderOwner.ts';
import { StudyJournal } from '../run/journal.ts';
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
  return closing({
    work: async (): Promise<StudyEndState> => {
      const parallel = options.parallel ?? stored.plan.parallel ?? await defaultParallel(stored.plan, options.trainer, process.cwd(), options.device);
      journal.append({ type: 'started', name: stored.plan.name, runs: stored.plan.runs.length, parallel });
      return supervision.run(parallel);
    },
    endOf: (error) => ({ state: 'failed', error: failureOf(error, ' Trainers that run go on; run the study again to follow them.') }),
    append: (end) => journal.append({ type: 'ended', ...end }),
    close: async () => {
      unsubscribe();
      await server.close();
    },
  });
}
