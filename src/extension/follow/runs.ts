import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createdAt, newestFirst, runFiles, runFolders, runsFolder } from '../../core/run/runStore.ts';
import { Disposable, every } from '../disposable.ts';
import { Emitter } from '../emitter.ts';
import type { Log } from '../log.ts';
import { TrackedRun } from './trackedRun.ts';
import { WatchedFolders, type Watch } from './watchedFolders.ts';

/** How long one slice of reading may keep the host from other work, in ms. */
const SLICE = 20;
const LOOK_AGAIN = 5000;
/** So many runs of the top of the list are looked at again by the timer: the active and the newest ones. */
const RECENT = 20;

/** What changed: one run (which may have moved to another place of the list), or which runs there are. */
export interface RunsChange {
  readonly run?: TrackedRun;
  /** Whether a run came, went or changed its state, so that the order of the list may be another one. */
  readonly list: boolean;
}

/** What the model gets from its surroundings. */
export interface RunsOptions {
  readonly log: Log;
  /** Reports paths that change under `<root>/.udi/runs`. */
  readonly watch: Watch;
}

/**
 * All runs of a set of root folders. Old ones are read once, in slices in the background; live ones follow their
 * trainer. File watching finds what other windows and the command line do; a slow timer finds what watching misses
 * (seen with VS Code on Linux: whatever happens in folders that were created together with their parents).
 */
export class Runs extends Disposable {
  readonly #runs = new Map<string, TrackedRun>();
  readonly #states = new Map<string, boolean>();
  readonly #watched: WatchedFolders;
  readonly #changed = this.register(new Emitter<RunsChange>());
  readonly #ended = this.register(new Emitter<TrackedRun>());
  readonly #refused = this.register(new Emitter<{ run: TrackedRun; message: string }>());
  #unread: string[] = [];
  #slice: ReturnType<typeof setImmediate> | undefined;
  #loaded = Promise.resolve();
  #markLoaded = () => {};

  readonly onDidChange = this.#changed.event;
  /** A run that was active is so no longer: finished, stopped, failed or interrupted. */
  readonly onDidEnd = this.#ended.event;
  readonly onDidRefuse = this.#refused.event;

  constructor(private readonly options: RunsOptions) {
    super();
    this.#watched = this.register(new WatchedFolders({
      folderOf: runsFolder,
      watch: options.watch,
      onTouched: (folder) => this.#touched(folder),
    }));
    this.register({ dispose: () => {
      for (const run of this.#runs.values()) run.dispose();
      clearImmediate(this.#slice);
    } });
    this.register(every(LOOK_AGAIN, () => {
      this.scan();
      for (const run of this.list().slice(0, RECENT)) run.refresh();
    }));
  }

  /** Root folders whose runs are shown. */
  get roots(): string[] {
    return this.#watched.roots;
  }

  /** Shows the runs of these roots and of no others. */
  setRoots(roots: readonly string[]): void {
    this.#watched.set(roots);
    this.scan();
  }

  /** Adds a root, such as the folder of a config outside the workspace. */
  addRoot(root: string): void {
    this.#watched.add(root);
    this.scan();
  }

  /** Resolves when every run that was found so far has been read. */
  whenLoaded(): Promise<void> {
    return this.#loaded;
  }

  /** Whether runs that were found are still to be read. */
  get isReading(): boolean {
    return this.#slice !== undefined;
  }

  /** The newest run that fits, as soon as it is read; undefined when all are read and none fits. */
  find(fits: (run: TrackedRun) => boolean): Promise<TrackedRun | undefined> {
    const found = this.list().find(fits);
    if (found) return Promise.resolve(found);
    return new Promise((resolve) => {
      const listening = this.onDidChange(({ run }) => run && !run.isDisposed && fits(run) && end(run));
      const end = (run: TrackedRun | undefined) => {
        listening.dispose();
        resolve(run);
      };
      void this.whenLoaded().then(() => end(undefined));
    });
  }

  /** Reads those of the runs that are not read yet whose folders fit before all others; resolves when this is done. */
  async readFirst(fits: (folder: string) => boolean): Promise<void> {
    let start = Date.now();
    for (const folder of this.#unread.filter(fits)) {
      if (this.isDisposed) return;
      this.#read(folder);
      if (Date.now() - start < SLICE) continue;
      await new Promise((resolve) => { setImmediate(resolve); });
      start = Date.now();
    }
  }

  /** The runs read so far: active ones first, then newest first. */
  list(): TrackedRun[] {
    const active = this.active();
    return [...active, ...[...this.#runs.values()].filter((run) => !active.includes(run)).sort(newestFirst)];
  }

  /** The runs that are being trained, newest first. */
  active(): TrackedRun[] {
    return [...this.#runs.values()].filter((run) => run.isActive).sort(newestFirst);
  }

  /** Whether there are runs, read or not. */
  get isEmpty(): boolean {
    return this.#runs.size === 0 && this.#unread.length === 0;
  }

  /** The run in this folder or with this id; read now if it was not yet. */
  get(folderOrId: string): TrackedRun | undefined {
    const known = this.#runs.get(folderOrId) ?? [...this.#runs.values()].find((run) => run.id === folderOrId);
    if (known) return known;
    const folders = [folderOrId, ...this.roots.map((root) => join(runsFolder(root), basename(folderOrId)))];
    const folder = folders.find((each) => this.#isOurs(each) && existsSync(join(each, runFiles.config)));
    return folder === undefined ? undefined : this.#read(folder);
  }

  /** Looks which runs there are; new ones are read in the background, newest first. */
  scan(): void {
    const found = this.roots.flatMap((root) => this.#list(runsFolder(root)));
    const present = new Set(found);
    for (const folder of this.#runs.keys()) if (!present.has(folder)) this.#forget(folder);
    this.#unread = found.filter((folder) => !this.#runs.has(folder))
      .map((folder) => ({ folder, id: basename(folder), created: createdAt(folder) })).sort(newestFirst).map(({ folder }) => folder);
    if (this.#unread.length > 0) this.#schedule();
  }

  /** Looks at everything again, on a user's word. */
  refresh(): void {
    this.scan();
    for (const run of this.#runs.values()) run.refresh();
  }

  #list(runs: string): string[] {
    try {
      return runFolders(runs);
    } catch (error) {
      this.options.log.warn(`${runs} cannot be read: ${String(error)}`);
      return [];
    }
  }

  #isOurs(folder: string): boolean {
    return this.roots.some((root) => dirname(folder) === runsFolder(root));
  }

  #touched(folder: string): void {
    const run = existsSync(folder) ? this.#runs.get(folder) : undefined;
    if (run) run.refresh();
    else this.scan();
  }

  #schedule(): void {
    if (this.#slice !== undefined) return;
    this.#loaded = new Promise((resolve) => { this.#markLoaded = resolve; });
    const slice = () => {
      const end = Date.now() + SLICE;
      for (let folder = this.#unread.shift(); folder !== undefined; folder = this.#unread.shift()) {
        this.#read(folder);
        if (Date.now() > end) break;
      }
      this.#slice = this.#unread.length > 0 ? setImmediate(slice) : undefined;
      if (this.#slice === undefined) this.#markLoaded();
    };
    this.#slice = setImmediate(slice);
  }

  #read(folder: string): TrackedRun | undefined {
    const known = this.#runs.get(folder);
    if (known) return known;
    try {
      const run = new TrackedRun(folder, {
        log: this.options.log,
        onChange: (changed) => this.#onChange(changed),
        onRefused: (refused, message) => this.#refused.fire({ run: refused, message }),
      });
      this.#runs.set(folder, run);
      this.#states.set(folder, run.isActive);
      this.#changed.fire({ run, list: true });
      return run;
    } catch (error) {
      this.options.log.warn(`${folder} cannot be read: ${String(error)}`);
      return undefined;
    }
  }

  #onChange(run: TrackedRun): void {
    if (this.#runs.get(run.folder) !== run) return;
    const wasActive = this.#states.get(run.folder);
    const isActive = run.isActive;
    this.#states.set(run.folder, isActive);
    this.#changed.fire({ run, list: wasActive !== isActive });
    if (wasActive && !isActive) this.#ended.fire(run);
  }

  #forget(folder: string): void {
    const run = this.#runs.get(folder);
    this.#runs.delete(folder);
    this.#states.delete(folder);
    run?.dispose();
    this.#changed.fire({ run, list: true });
  }
}
