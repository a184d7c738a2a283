import { join, relative, sep } from 'node:path';
import { Disposable, type Held } from '../disposable.ts';

const SETTLE = 100;

/** Reports paths that change below the folder that is watched for a root. */
export type Watch = (root: string, onChange: (path: string) => void) => Held;

/** What is watched, and who is told. */
export interface WatchedFoldersOptions {
  /** The folder of a root whose children are watched, e.g. `<root>/.udi/runs`. */
  readonly folderOf: (root: string) => string;
  readonly watch: Watch;
  /** Files in this child have changed and settled; the folder itself stands for the list of its children. */
  readonly onTouched: (folder: string) => void;
}

/** The children of one folder in each of a set of roots, watched together. */
export class WatchedFolders extends Disposable {
  readonly #watched = new Map<string, Held>();
  readonly #settling = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(private readonly options: WatchedFoldersOptions) {
    super();
    this.register({ dispose: () => {
      for (const timer of this.#settling.values()) clearTimeout(timer);
      for (const watcher of this.#watched.values()) watcher.dispose();
    } });
  }

  /** The roots that are watched. */
  get roots(): string[] {
    return [...this.#watched.keys()];
  }

  /** Watches these roots and no others. */
  set(roots: readonly string[]): void {
    for (const [root, watcher] of this.#watched) {
      if (roots.includes(root)) continue;
      watcher.dispose();
      this.#watched.delete(root);
    }
    for (const root of roots) this.add(root);
  }

  /** Watches one more root. */
  add(root: string): void {
    if (this.#watched.has(root)) return;
    this.#watched.set(root, this.options.watch(root, (path) => this.#touched(root, path)));
  }

  /** Waits until a child's files have settled. */
  #touched(root: string, path: string): void {
    const parent = this.options.folderOf(root);
    const id = relative(parent, path).split(sep)[0];
    const folder = id && id !== '..' ? join(parent, id) : parent;
    if (this.#settling.has(folder)) return;
    this.#settling.set(folder, setTimeout(() => {
      this.#settling.delete(folder);
      this.options.onTouched(folder);
    }, SETTLE));
  }
}
