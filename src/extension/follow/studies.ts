import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Catalog } from '../../core/config/catalog.ts';
import { readMeta } from '../../core/run/runStore.ts';
import { listStudies, studiesFolder, studyFiles } from '../../core/study/studyStore.ts';
import { Disposable, every } from '../disposable.ts';
import { Emitter } from '../emitter.ts';
import type { Log } from '../log.ts';
import type { Runs } from './runs.ts';
import type { TrackedRun } from './trackedRun.ts';
import { TrackedStudy } from './trackedStudy.ts';
import { WatchedFolders, type Watch } from './watchedFolders.ts';

const LOOK_AGAIN = 5000;

/** What changed: one study or its runs, or which studies there are. */
export interface StudiesChange {
  readonly study: TrackedStudy;
  /** Whether a study came, went or changed its state, or a run came to it or left it. */
  readonly list: boolean;
}

/** What the model gets from its surroundings. */
export interface StudiesOptions {
  readonly log: Log;
  /** Reports paths that change under `<root>/.udi/studies`. */
  readonly watch: Watch;
  readonly runs: Runs;
  /** By which runs are recognised as those of a plan. */
  readonly catalog: Catalog;
}

/** All studies of a set of root folders, with their runs; found and followed like `Runs`. */
export class Studies extends Disposable {
  readonly #studies = new Map<string, TrackedStudy>();
  readonly #active = new Map<TrackedStudy, boolean>();
  /** Runs that carry a study's id, by `homeOf` of that study, whether or not it is there. */
  readonly #runs = new Map<string, Set<TrackedRun>>();
  readonly #watched: WatchedFolders;
  readonly #changed = this.register(new Emitter<StudiesChange>());
  readonly #ended = this.register(new Emitter<TrackedStudy>());
  readonly #refused = this.register(new Emitter<{ study: TrackedStudy; message: string }>());

  readonly onDidChange = this.#changed.event;
  /** A study that was running is so no longer. */
  readonly onDidEnd = this.#ended.event;
  readonly onDidRefuse = this.#refused.event;

  constructor(private readonly options: StudiesOptions) {
    super();
    this.#watched = this.register(new WatchedFolders({
      folderOf: studiesFolder,
      watch: options.watch,
      onTouched: (folder) => this.#touched(folder),
    }));
    this.register({ dispose: () => {
      for (const study of this.#studies.values()) study.dispose();
    } });
    for (const run of options.runs.list()) this.#index(run);
    this.register(options.runs.onDidChange(({ run }) => run && this.#onRun(run)));
    this.register(every(LOOK_AGAIN, () => this.refresh()));
  }

  /** Shows the studies of these roots and of no others. */
  setRoots(roots: readonly string[]): void {
    this.#watched.set(roots);
    this.scan();
  }

  /** Adds a root, such as the folder of a study file outside the workspace. */
  addRoot(root: string): void {
    this.#watched.add(root);
    this.scan();
  }

  /** The studies: running ones first, then those with the newest events. */
  list(): TrackedStudy[] {
    const time = (study: TrackedStudy) => study.study.lastTime ?? Infinity;
    return [...this.#studies.values()].sort((a, b) =>
      Number(b.isActive) - Number(a.isActive) || time(b) - time(a) || a.id.localeCompare(b.id));
  }

  /** The studies that a supervisor works on. */
  active(): TrackedStudy[] {
    return this.list().filter((study) => study.isActive);
  }

  /** The study in this folder or with this id. */
  get(folderOrId: string): TrackedStudy | undefined {
    return this.#studies.get(folderOrId) ?? [...this.#studies.values()].find((study) => study.id === folderOrId);
  }

  /** The study that a run belongs to, if it is there. */
  ownerOf(run: TrackedRun): TrackedStudy | undefined {
    const home = homeOf(run);
    return home === undefined ? undefined : [...this.#studies.values()].find((study) => homeOf(study) === home);
  }

  /** Reads the runs of a study before those of others; resolves when they are read. */
  readRuns(study: TrackedStudy): Promise<void> {
    const { origin, id } = study;
    return this.options.runs.readFirst((folder) => dirname(folder) === origin?.runs && readMeta(folder).study?.id === id);
  }

  /** Looks which studies there are. */
  scan(): void {
    const found = new Set(this.#watched.roots.flatMap((root) => this.#list(root)));
    for (const folder of this.#studies.keys()) if (!found.has(folder)) this.#forget(folder);
    for (const folder of found) if (!this.#studies.has(folder)) this.#read(folder);
  }

  /** Looks at everything again. */
  refresh(): void {
    this.scan();
    for (const study of this.#studies.values()) study.refresh();
  }

  #list(root: string): string[] {
    try {
      return listStudies(studiesFolder(root)).filter((folder) => existsSync(join(folder, studyFiles.plan)));
    } catch (error) {
      this.options.log.warn(`${studiesFolder(root)} cannot be read: ${String(error)}`);
      return [];
    }
  }

  #touched(folder: string): void {
    const study = existsSync(folder) ? this.#studies.get(folder) : undefined;
    if (study) study.refresh();
    else this.scan();
  }

  #read(folder: string): void {
    const study = new TrackedStudy(folder, {
      log: this.options.log,
      catalog: this.options.catalog,
      runs: (asked) => this.#runs.get(homeOf(asked) ?? '') ?? [],
      onChange: (changed) => this.#onChange(changed),
      onRefused: (refused, message) => this.#refused.fire({ study: refused, message }),
    });
    this.#studies.set(folder, study);
    this.#active.set(study, study.isActive);
    this.#changed.fire({ study, list: true });
  }

  #onChange(study: TrackedStudy): void {
    if (this.#studies.get(study.folder) !== study) return;
    this.#lookAtRuns(study);
    const wasActive = this.#active.get(study);
    const { isActive } = study;
    this.#active.set(study, isActive);
    this.#changed.fire({ study, list: wasActive !== isActive });
    if (wasActive && !isActive) this.#ended.fire(study);
  }

  /** A supervisor tells of its runs before a file watcher does. */
  #lookAtRuns({ origin, study, runs }: TrackedStudy): void {
    if (origin) for (const id of Object.values(study.open)) this.options.runs.get(join(origin.runs, id));
    for (const run of runs.values()) if (run.isActive) run.refresh();
  }

  #onRun(run: TrackedRun): void {
    const moved = this.#index(run);
    const study = this.ownerOf(run);
    if (study) this.#changed.fire({ study, list: moved });
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

  #forget(folder: string): void {
    const study = this.#studies.get(folder);
    if (!study) return;
    this.#studies.delete(folder);
    this.#active.delete(study);
    study.dispose();
    this.#changed.fire({ study, list: true });
  }
}

/** What a study and its runs have in common: the folder of the runs and the id of the study; undefined for other runs. */
function homeOf(item: TrackedRun | TrackedStudy): string | undefined {
  if (item instanceof TrackedStudy) return item.origin && join(item.origin.runs, item.id);
  return item.meta.study && join(dirname(item.folder), item.meta.study.id);
}
