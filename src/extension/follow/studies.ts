import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Catalog } from '../../core/config/catalog.ts';
import { readMeta } from '../../core/run/runStore.ts';
import { listStudies, studiesFolder, studyFiles } from '../../core/study/studyStore.ts';
import { every } from '../disposable.ts';
import type { Log } from '../log.ts';
import { Followed, type FollowedOwner } from './followed.ts';
import type { Runs } from './runs.ts';
import type { TrackedRun } from './trackedRun.ts';
import { TrackedStudy } from './trackedStudy.ts';
import type { Watch } from './watchedFolders.ts';

const LOOK_AGAIN = 5000;

/** What the model gets from its surroundings. */
export interface StudiesOptions {
  readonly log: Log;
  /** Reports paths that change under `<root>/.udi/studies`. */
  readonly watch: Watch;
  readonly runs: Runs;
  /** By which runs are recognised as those of a plan. */
  readonly catalog: Catalog;
}

/** All studies of a set of root folders, with their runs; a change of a study may be one of its runs. */
export class Studies extends Followed<TrackedStudy> {
  /** Runs that carry a study's id, by `homeOf` of that study, whether or not it is there. */
  readonly #runs = new Map<string, Set<TrackedRun>>();

  constructor(private readonly options: StudiesOptions) {
    super({
      log: options.log,
      watch: options.watch,
      folderOf: studiesFolder,
      list: (parent) => listStudies(parent).filter((folder) => existsSync(join(folder, studyFiles.plan))),
    });
    for (const run of options.runs.list()) this.#index(run);
    this.register(options.runs.onDidChange(({ item }) => this.#onRun(item)));
    this.register(every(LOOK_AGAIN, () => this.refresh()));
  }

  /** The studies: running ones first, then those with the newest events. */
  list(): TrackedStudy[] {
    const time = (study: TrackedStudy) => study.study.lastTime ?? Infinity;
    return this.items.sort((a, b) =>
      Number(b.isActive) - Number(a.isActive) || time(b) - time(a) || a.id.localeCompare(b.id));
  }

  /** The studies that a supervisor works on. */
  active(): TrackedStudy[] {
    return this.list().filter((study) => study.isActive);
  }

  /** The study in this folder or with this id. */
  get(folderOrId: string): TrackedStudy | undefined {
    return this.known(folderOrId);
  }

  /** The study that a run belongs to, if it is there. */
  ownerOf(run: TrackedRun): TrackedStudy | undefined {
    const home = homeOf(run);
    return home === undefined ? undefined : this.items.find((study) => homeOf(study) === home);
  }

  /** Reads the runs of a study before those of others; resolves when they are read. */
  readRuns(study: TrackedStudy): Promise<void> {
    const { origin, id } = study;
    return this.options.runs.readFirst((folder) => dirname(folder) === origin?.runs && readMeta(folder).study?.id === id);
  }

  protected create(folder: string, owner: FollowedOwner<TrackedStudy>): TrackedStudy {
    const { catalog } = this.options;
    return new TrackedStudy(folder, { ...owner, catalog, runs: (asked) => this.#runs.get(homeOf(asked) ?? '') ?? [] });
  }

  protected found(folders: readonly string[]): void {
    for (const folder of folders) this.read(folder);
  }

  protected override changed(study: TrackedStudy): void {
    if (this.known(study.folder) === study) this.#lookAtRuns(study);
    super.changed(study);
  }

  /** A supervisor tells of its runs before a file watcher does. */
  #lookAtRuns({ origin, study, runs }: TrackedStudy): void {
    if (origin) for (const id of Object.values(study.open)) this.options.runs.get(join(origin.runs, id));
    for (const run of runs.values()) if (run.isActive) run.refresh();
  }

  #onRun(run: TrackedRun): void {
    const moved = this.#index(run);
    const study = this.ownerOf(run);
    if (study) this.tell(study, moved);
  }

  /** Notes which study a run belongs to; returns whether it came or left. */
  #index(run: TrackedRun): boolean {
    const home = homeOf(run);
    if (home === undefined) return false;
    const runs = this.#runs.get(home) ?? new Set();
    this.#runs.set(home, runs);
    if (run.isDisposed) return runs.delete(run);
    const known = runs.has(run);
    runs.add(run);
    return !known;
  }
}

/** What a study and its runs have in common: the folder of the runs and the id of the study; undefined for other runs. */
function homeOf(item: TrackedRun | TrackedStudy): string | undefined {
  if (item instanceof TrackedStudy) return item.origin && join(item.origin.runs, item.id);
  return item.meta.study && join(dirname(item.folder), item.meta.study.id);
}
