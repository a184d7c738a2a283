import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createdAt, newestFirst, runFiles, runFolders, runsFolder } from '../../core/run/runStore.ts';
import { every } from '../disposable.ts';
import type { Log } from '../log.ts';
import { Followed, type FollowedOwner } from './followed.ts';
import { TrackedRun } from './trackedRun.ts';
import type { Watch } from './watchedFolders.ts';

/** How long one slice of reading may keep the host from other work, in ms. */
const SLICE = 20;
const LOOK_AGAIN = 5000;
/** So many runs of the top of the list are looked at again by the timer: the active and the newest ones. */
const RECENT = 20;

/** What the model gets from its surroundings. */
export interface RunsOptions {
  readonly log: Log;
  /** Reports paths that change under `<root>/.udi/runs`. */
  readonly watch: Watch;
}

/** All runs of a set of root folders. Old ones are read once, in slices in the background; live ones follow their trainer. */
export class Runs extends Followed<TrackedRun> {
  #unread: string[] = [];
  #slice: ReturnType<typeof setImmediate> | undefined;
  #loaded = Promise.resolve();
  #markLoaded = () => {};

  constructor({ log, watch }: RunsOptions) {
    super({ log, watch, folderOf: runsFolder, list: runFolders });
    this.register({ dispose: () => clearImmediate(this.#slice) });
    this.register(every(LOOK_AGAIN, () => {
      this.scan();
      for (const run of this.list().slice(0, RECENT)) run.refresh();
    }));
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
      const listening = this.onDidChange(({ item: run }) => !run.isDisposed && fits(run) && end(run));
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
      this.read(folder);
      if (Date.now() - start < SLICE) continue;
      await new Promise((resolve) => { setImmediate(resolve); });
      start = Date.now();
    }
  }

  /** The runs read so far: active ones first, then newest first. */
  list(): TrackedRun[] {
    const active = this.active();
    return [...active, ...this.items.filter((run) => !active.includes(run)).sort(newestFirst)];
  }

  /** The runs that are being trained, newest first. */
  active(): TrackedRun[] {
    return this.items.filter((run) => run.isActive).sort(newestFirst);
  }

  /** Whether there are runs, read or not. */
  get isEmpty(): boolean {
    return this.items.length === 0 && this.#unread.length === 0;
  }

  /** The run in this folder or with this id; read now if it was not yet. */
  get(folderOrId: string): TrackedRun | undefined {
    const known = this.known(folderOrId);
    if (known) return known;
    const folders = [folderOrId, ...this.roots.map((root) => join(runsFolder(root), basename(folderOrId)))];
    const folder = folders.find((each) => this.#isOurs(each) && existsSync(join(each, runFiles.config)));
    return folder === undefined ? undefined : this.read(folder);
  }

  protected create(folder: string, owner: FollowedOwner<TrackedRun>): TrackedRun {
    return new TrackedRun(folder, owner);
  }

  /** New runs are read in the background, newest first. */
  protected found(folders: readonly string[]): void {
    this.#unread = folders.map((folder) => ({ folder, id: basename(folder), created: createdAt(folder) }))
      .sort(newestFirst).map(({ folder }) => folder);
    if (this.#unread.length > 0) this.#schedule();
  }

  #isOurs(folder: string): boolean {
    return this.roots.some((root) => dirname(folder) === runsFolder(root));
  }

  #schedule(): void {
    if (this.#slice !== undefined) return;
    this.#loaded = new Promise((resolve) => { this.#markLoaded = resolve; });
    const slice = () => {
      const end = Date.now() + SLICE;
      for (let folder = this.#unread.shift(); folder !== undefined; folder = this.#unread.shift()) {
        this.read(folder);
        if (Date.now() > end) break;
      }
      this.#slice = this.#unread.length > 0 ? setImmediate(slice) : undefined;
      if (this.#slice === undefined) this.#markLoaded();
    };
    this.#slice = setImmediate(slice);
  }
}
