import type { ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Catalog } from '../../core/config/catalog.ts';
import { recognition, type StudyMember } from '../../core/study/recognition.ts';
import type { LiveProcess } from '../../core/files/processFile.ts';
import { applyStudyEvent, emptyStudy, studyStateOf, type Study, type StudyEvent, type StudyState } from '../../core/study/studyEvents.ts';
import { hasDiverged, standingOf } from '../../core/study/standing.ts';
import type { StudyPlan } from '../../core/study/studyPlan.ts';
import {
  isBetterRun, liveSupervisor, readOrigin, readPlan, readStudyJournal, readSupervisorInfo, studyFiles, type StudyOrigin,
} from '../../core/study/studyStore.ts';
import { supervisorMessageSchema, type ClientMessage, type SupervisorMessage } from '../../core/wire.ts';
import { Disposable } from '../disposable.ts';
import type { FollowedOwner } from './followed.ts';
import { LiveJournal, type JournalKind } from './liveJournal.ts';
import { oneLine } from '../../core/printable.ts';
import type { StudyCounts } from '../views/studyText.ts';
import type { TrackedRun } from './trackedRun.ts';

/** How a study's folder is followed. */
const studyJournal: JournalKind<Study, StudyEvent, SupervisorMessage> = {
  file: studyFiles.events,
  created: studyFiles.plan,
  empty: emptyStudy,
  read: readStudyJournal,
  apply: applyStudyEvent,
  process: readSupervisorInfo,
  live: liveSupervisor,
  message: supervisorMessageSchema,
  eventOf: (message) => (message.type === 'event' ? message.event : undefined),
};

/** What a tracked study asks and tells its owner. */
export interface TrackedStudyOptions extends FollowedOwner<TrackedStudy> {
  readonly catalog: Catalog;
  /** The runs that carry the study's id. */
  readonly runs: (study: TrackedStudy) => Iterable<TrackedRun>;
}

/** One study folder, kept up to date: its plan, what its journal and its supervisor say, and its runs. */
export class TrackedStudy extends Disposable {
  readonly id: string;
  readonly #journal: LiveJournal<Study, StudyEvent, SupervisorMessage>;
  #plan: StudyPlan | undefined;
  #origin: StudyOrigin | undefined;
  #planStamp = '';
  #recognise: (run: StudyMember) => string | undefined = () => undefined;
  /** Keys of the runs that were looked at since the plan was read. */
  #keys = new WeakMap<TrackedRun, string>();

  constructor(readonly folder: string, private readonly options: TrackedStudyOptions) {
    super();
    this.id = basename(folder);
    this.#readPlan();
    this.#journal = this.register(new LiveJournal(folder, studyJournal, {
      log: options.log,
      onChange: () => options.onChange(this),
      onMessage: (message) => this.#receive(message),
    }));
  }

  /** What the journal says so far. */
  get study(): Study {
    return this.#journal.state;
  }

  /** What the study consists of; undefined if the file is missing or damaged. */
  get plan(): StudyPlan | undefined {
    return this.#plan;
  }

  /** The study's file and the folder of its runs; undefined if this is not known any more. */
  get origin(): StudyOrigin | undefined {
    return this.#origin;
  }

  /** The state to show. */
  get state(): StudyState {
    return this.#journal.launching ? 'running' : studyStateOf(this.study, this.#journal.alive);
  }

  /** The supervisor that works on it, once it has noted itself. */
  get process(): LiveProcess | undefined {
    return this.#journal.process;
  }

  /** Whether a supervisor works on this study, or is about to. */
  get isActive(): boolean {
    return this.state === 'running';
  }

  /** Name of the machine that runs the study, if its supervisor cannot be seen from here. */
  get elsewhere(): string | undefined {
    return this.isActive ? this.process?.elsewhere : undefined;
  }

  /** The name to show, on one line. */
  get title(): string {
    return oneLine(this.#plan?.name ?? this.study.name ?? this.id) || this.id;
  }

  /** The run of every key of the plan that has one, in the order of the plan. */
  get runs(): ReadonlyMap<string, TrackedRun> {
    const found = new Map<string, TrackedRun>();
    for (const run of this.options.runs(this)) {
      const key = this.#keyOf(run);
      const other = key === undefined ? undefined : found.get(key);
      if (key !== undefined && (!other || isBetterRun(run.listed, other.listed))) found.set(key, run);
    }
    const planned = this.#plan?.runs.map(({ key }) => [key, found.get(key)] as const) ?? [];
    return new Map(planned.filter((entry): entry is readonly [string, TrackedRun] => entry[1] !== undefined));
  }

  /** How many runs are where. */
  get counts(): StudyCounts {
    const runs = [...this.runs.values()];
    const count = (fits: (run: TrackedRun) => boolean) => runs.filter(fits).length;
    return {
      planned: this.#plan?.runs.length ?? this.study.planned,
      finished: count((run) => standingOf(run.listed) === 'finished'),
      failed: count((run) => run.state === 'failed' || standingOf(run.listed) === 'incomplete'),
      diverged: count((run) => hasDiverged(run.listed)),
      active: count((run) => run.isActive),
    };
  }

  /** Looks at the files and the process again. */
  refresh(): void {
    const planned = this.#readPlan();
    if (this.#journal.look() || planned) this.options.onChange(this);
  }

  /** The supervisor of this study was just started as `child`: it counts as running until it speaks or ends. */
  launched(child: ChildProcess): void {
    this.#journal.launched(child);
  }

  /** Sends a message to the supervisor; false if it cannot be reached now. */
  send(message: ClientMessage): boolean {
    return this.#journal.send(message);
  }

  /** Reads plan and origin if the plan's file is another one than before; returns whether it is. */
  #readPlan(): boolean {
    const stat = statSync(join(this.folder, studyFiles.plan), { throwIfNoEntry: false });
    const stamp = stat ? `${stat.mtimeMs} ${stat.size}` : '';
    if (stamp === this.#planStamp) return false;
    this.#planStamp = stamp;
    this.#plan = readPlan(this.folder);
    this.#origin = readOrigin(this.folder);
    this.#keys = new WeakMap();
    if (this.#plan && this.#origin) this.#recognise = recognition(this.#plan, this.#origin, this.options.catalog);
    return true;
  }

  /** A run without a key is looked at again: it may not have said yet what it is. */
  #keyOf(run: TrackedRun): string | undefined {
    const key = this.#keys.get(run) ?? this.#recognise({ meta: run.meta, version: run.summary.started?.version, config: () => run.ownConfig });
    if (key !== undefined) this.#keys.set(run, key);
    return key;
  }

  #receive(message: SupervisorMessage): void {
    if (message.type === 'refused') this.options.onRefused(this, message.message);
    else this.options.onChange(this);
  }
}
