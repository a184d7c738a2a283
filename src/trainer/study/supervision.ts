import { existsSync } from 'node:fs';
import { printable } from '../../core/printable.ts';
import type { StudyEndState } from '../../core/study/studyEvents.ts';
import { reasonOf, standingOf } from '../../core/study/standing.ts';
import type { PlannedRun } from '../../core/study/studyPlan.ts';
import { neverBegunText, removeNeverBegun } from '../../core/run/neverBegun.ts';
import { createRun, liveTrainer, removeUnfinishedRuns } from '../../core/run/runStore.ts';
import { studyRuns, type StoredStudy } from '../../core/study/studyStore.ts';
import type { SupervisorCommand } from '../../core/wire.ts';
import { createCatalog } from '../catalog.ts';
import type { StudyJournal } from '../run/journal.ts';
import { availableMemory } from '../run/memory.ts';
import { kindOf, needOf, schedule } from './scheduler.ts';
import { SupervisedRun, type TrainerLaunch } from './supervisedRun.ts';

/** Milliseconds between two looks at journals and processes. */
const POLL = 500;
/** A trainer that dies so often without a new epoch in between will not do better the next time. */
const MOST_DEATHS = 3;

/** What is done about one run of the plan. */
interface Task {
  readonly planned: PlannedRun;
  readonly kind: string;
  /** Absent until the run is created. */
  run?: SupervisedRun;
  state: 'queued' | 'open' | 'done';
  /** Times in a row that its trainer ended without a word and without a new epoch. */
  deaths: number;
  /** Causes of waiting that the journal has already. */
  readonly waited: Set<string>;
  /** What its trainer was asked for last. */
  told?: SupervisorCommand['type'];
}

/** One supervision of a study: from the moment a supervisor takes it up until nothing is left to do or it was asked to stop. */
export class Supervision {
  readonly #tasks = new Map<string, Task>();
  readonly #finished = new Set<string>();
  readonly #peaks = new Map<string, number>();
  #asked: SupervisorCommand['type'] | undefined;
  #abandoned = false;
  #wake = (): void => {};

  constructor(
    private readonly study: StoredStudy,
    private readonly journal: StudyJournal,
    private readonly options: TrainerLaunch & { readonly keys?: readonly string[] },
  ) {}

  /** Starts nothing more and passes the request on to the trainers; `cancel` overrides `stop`. */
  ask(command: SupervisorCommand['type']): void {
    if (this.#asked !== 'cancel') this.#asked = command;
    this.#wake();
  }

  /** Lets go of everything at once: the study is another supervisor's, or gone. Trainers go on. */
  abandon(): void {
    this.#abandoned = true;
    this.#wake();
  }

  /** Supervises with at most `parallel` trainers that it starts itself. */
  async run(parallel: number): Promise<StudyEndState> {
    this.#takeStock();
    for (;;) {
      for (const task of this.#in('open')) this.#look(task);
      if (this.#asked) await this.#tell(this.#asked);
      else this.#start(parallel);
      const open = this.#in('open').filter(({ run }) => !this.#asked || !run!.elsewhere());
      if (this.#abandoned || (open.length === 0 && (this.#asked || this.#in('queued').length === 0))) break;
      await this.#pause();
    }
    if (this.study.plan.runs.every(({ key }) => this.#finished.has(key))) return 'finished';
    return this.#asked ? 'stopped' : 'incomplete';
  }

  /** Finds out what there is: finished runs, living trainers, runs to resume and runs to create. */
  #takeStock(): void {
    const { plan, origin } = this.study;
    removeUnfinishedRuns(origin.runs);
    const runs = studyRuns(this.study, createCatalog());
    for (const planned of plan.runs) {
      const { key, config } = planned;
      const stored = runs.get(key);
      const need = needOf(stored ? standingOf(stored) : 'missing', stored !== undefined && liveTrainer(stored.folder) !== undefined);
      const task: Task = { planned, kind: kindOf(config), state: 'queued', deaths: 0, waited: new Set() };
      this.#notePeak(task.kind, stored?.run.peakMemory);
      if (need === 'nothing') this.#finished.add(key);
      else if (need === 'attach') this.#open({ ...task, run: new SupervisedRun(stored!.folder) }, 'found');
      else if (this.options.keys?.includes(key) ?? true) this.#tasks.set(key, need === 'resume' ? { ...task, run: new SupervisedRun(stored!.folder) } : task);
    }
  }

  #in(state: Task['state']): Task[] {
    return [...this.#tasks.values()].filter((task) => task.state === state);
  }

  #open(task: Task, how: 'new' | 'resumed' | 'found'): void {
    task.state = 'open';
    task.waited.clear();
    this.#tasks.set(task.planned.key, task);
    this.journal.append({ type: 'runStarted', key: task.planned.key, run: task.run!.id, how });
  }

  /** Looks at an open run; one whose trainer is gone has ended, or goes back into the queue. */
  #look(task: Task): void {
    const run = task.run!;
    const alive = run.isAlive();
    run.read();
    if (run.progressed) {
      task.deaths = 0;
      this.#notePeak(task.kind, run.memory()?.peak);
    }
    if (alive) return;
    this.#notePeak(task.kind, run.run.peakMemory);
    const { ended } = run;
    if (ended) {
      const stands = { run: run.run, state: ended.state };
      const done = standingOf(stands) === 'finished';
      if (done) this.#finished.add(task.planned.key);
      this.#close(task, ended.state === 'finished' && !done ? 'failed' : ended.state, reasonOf(stands));
      return;
    }
    task.deaths++;
    const again = !this.#asked && task.deaths <= MOST_DEATHS;
    this.#close(task, 'interrupted', this.#causeOfDeath(task));
    if (again) task.state = 'queued';
  }

  /** What a trainer that said no last word in its journal died of; a run that it never began is gone then, and made anew by the next try. */
  #causeOfDeath(task: Task): string {
    const run = task.run!;
    const never = run.run.lastSeq === 0 ? removeNeverBegun(run.folder) : undefined;
    if (!never) {
      const words = run.lastWords();
      return `Its trainer ended without a word in the journal${words ? `; the last line of its log: ${words}` : '.'}`;
    }
    // The log of the study keeps what that of the run held.
    process.stderr.write(printable(`${task.planned.label}: the trainer printed\n${never.log.trimEnd()}\n`));
    return neverBegunText(never);
  }

  #close(task: Task, state: 'finished' | 'stopped' | 'cancelled' | 'failed' | 'interrupted', message: string | undefined): void {
    task.state = 'done';
    const { id, run: { lastSeq, peakMemory }, folder } = task.run!;
    if (lastSeq === 0 && !existsSync(folder)) delete task.run;
    this.journal.append({
      type: 'runEnded', key: task.planned.key, run: id, state,
      ...(message === undefined ? {} : { message }), ...(peakMemory === undefined ? {} : { peakMemory }),
    });
  }

  #start(parallel: number): void {
    const queue = this.#in('queued').map(({ planned: { key }, kind }) => ({ key, kind }));
    if (queue.length === 0) return;
    const open = this.#in('open').map(({ planned: { key }, kind, run }) => ({ key, kind, memory: run!.memory()?.now, waits: run!.run.waitsFor !== undefined }));
    const { start, waiting } = schedule({ queue, open, peaks: this.#peaks, available: availableMemory(), parallel });
    for (const key of start) this.#launch(this.#tasks.get(key)!);
    for (const { key, cause, reason } of waiting) {
      const { waited } = this.#tasks.get(key)!;
      if (!waited.has(cause)) this.journal.append({ type: 'waiting', key, reason });
      waited.add(cause);
    }
  }

  /** The run's folder is there, complete, before its trainer is; whoever finds the one without the other can go on from there. */
  #launch(task: Task): void {
    const { id, origin } = this.study;
    const { key, config } = task.planned;
    task.run ??= new SupervisedRun(createRun(origin.runs, config, origin.file, { study: { id, key } }));
    const how = task.run.run.lastSeq === 0 ? 'new' : 'resumed';
    task.run.start(this.options, () => this.#wake());
    this.#open(task, how);
  }

  /** Passes a request on to every trainer that has not heard of it; one that is still starting hears of it later. */
  async #tell(command: SupervisorCommand['type']): Promise<void> {
    await Promise.all(this.#in('open').filter(({ told }) => told !== command).map(async (task) => {
      if (await task.run!.send({ type: command })) task.told = command;
    }));
  }

  #notePeak(kind: string, bytes: number | undefined): void {
    if (bytes !== undefined) this.#peaks.set(kind, Math.max(bytes, this.#peaks.get(kind) ?? 0));
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
