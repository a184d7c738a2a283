import { existsSync } from 'node:fs';
import { Disposable, type Held } from '../disposable.ts';
import { Emitter } from '../emitter.ts';
import type { Log } from '../log.ts';
import { WatchedFolders, type Watch } from './watchedFolders.ts';

/** A folder that is kept up to date: a run or a study. */
export interface FollowedItem extends Held {
  readonly folder: string;
  readonly id: string;
  /** Whether a process works on it, or is about to. */
  readonly isActive: boolean;
  /** Looks at the files and the process again. */
  refresh(): void;
}

/** What changed: one item (which may have moved to another place of the list), or which items there are. */
export interface FollowedChange<Item> {
  readonly item: Item;
  /** Whether an item came, went or changed its state, or what belongs to it did, so that the list may be another one. */
  readonly list: boolean;
}

/** What an item tells its owner. */
export interface FollowedOwner<Item> {
  readonly log: Log;
  readonly onChange: (item: Item) => void;
  /** The process would not do what it was asked to; `message` says why. */
  readonly onRefused: (item: Item, message: string) => void;
}

/** Which folders are followed. */
export interface FollowedKind {
  readonly log: Log;
  /** Reports paths that change below `folderOf` of a root. */
  readonly watch: Watch;
  /** The folder of a root whose children are the items, e.g. `<root>/.udi/runs`. */
  readonly folderOf: (root: string) => string;
  /** Those children that are items. */
  readonly list: (parent: string) => string[];
}

/**
 * The runs, or the studies, of a set of root folders. File watching finds what other windows and the command line do; the owners
 * of this class look again by a slow timer for what watching misses (seen with VS Code on Linux: whatever happens in folders that
 * were created together with their parents).
 */
export abstract class Followed<Item extends FollowedItem> extends Disposable {
  readonly #items = new Map<string, Item>();
  readonly #active = new Map<Item, boolean>();
  readonly #watched: WatchedFolders;
  readonly #changed = this.register(new Emitter<FollowedChange<Item>>());
  readonly #ended = this.register(new Emitter<Item>());
  readonly #refused = this.register(new Emitter<{ item: Item; message: string }>());

  readonly onDidChange = this.#changed.event;
  /** An item that was active is so no longer. */
  readonly onDidEnd = this.#ended.event;
  readonly onDidRefuse = this.#refused.event;

  constructor(private readonly kind: FollowedKind) {
    super();
    this.#watched = this.register(new WatchedFolders({
      folderOf: kind.folderOf, watch: kind.watch, onTouched: (folder) => this.#touched(folder),
    }));
    this.register({ dispose: () => {
      for (const item of this.#items.values()) item.dispose();
    } });
  }

  /** Root folders whose items are shown. */
  get roots(): string[] {
    return this.#watched.roots;
  }

  /** Shows the items of these roots and of no others. */
  setRoots(roots: readonly string[]): void {
    this.#watched.set(roots);
    this.scan();
  }

  /** Adds a root, such as the folder of a file outside the workspace. */
  addRoot(root: string): void {
    this.#watched.add(root);
    this.scan();
  }

  /** Looks which items there are, and has the new ones read. */
  scan(): void {
    const found = this.roots.flatMap((root) => this.#list(this.kind.folderOf(root)));
    const present = new Set(found);
    for (const folder of this.#items.keys()) if (!present.has(folder)) this.#forget(folder);
    this.found(found.filter((folder) => !this.#items.has(folder)));
  }

  /** Looks at everything again, on a user's word. */
  refresh(): void {
    this.scan();
    for (const item of this.#items.values()) item.refresh();
  }

  /** Those that were read, in no order. */
  protected get items(): Item[] {
    return [...this.#items.values()];
  }

  /** Reads a folder. */
  protected abstract create(folder: string, owner: FollowedOwner<Item>): Item;

  /** These folders are not read yet. */
  protected abstract found(folders: readonly string[]): void;

  /** The item in this folder or with this id, if it was read. */
  protected known(folderOrId: string): Item | undefined {
    return this.#items.get(folderOrId) ?? this.items.find(({ id }) => id === folderOrId);
  }

  /** The item in this folder; read now if it was not yet, undefined if that is not possible. */
  protected read(folder: string): Item | undefined {
    const known = this.#items.get(folder);
    if (known) return known;
    try {
      const item = this.create(folder, {
        log: this.kind.log,
        onChange: (changed) => this.changed(changed),
        onRefused: (refused, message) => this.#refused.fire({ item: refused, message }),
      });
      this.#items.set(folder, item);
      this.#active.set(item, item.isActive);
      this.tell(item, true);
      return item;
    } catch (error) {
      this.kind.log.warn(`${folder} cannot be read: ${String(error)}`);
      return undefined;
    }
  }

  /** An item says that it is another one than before. */
  protected changed(item: Item): void {
    if (this.#items.get(item.folder) !== item) return;
    const wasActive = this.#active.get(item);
    const { isActive } = item;
    this.#active.set(item, isActive);
    this.tell(item, wasActive !== isActive);
    if (wasActive && !isActive) this.#ended.fire(item);
  }

  /** Tells the listeners of a change. */
  protected tell(item: Item, list: boolean): void {
    this.#changed.fire({ item, list });
  }

  #list(parent: string): string[] {
    try {
      return this.kind.list(parent);
    } catch (error) {
      this.kind.log.warn(`${parent} cannot be read: ${String(error)}`);
      return [];
    }
  }

  #touched(folder: string): void {
    const item = existsSync(folder) ? this.#items.get(folder) : undefined;
    if (item) item.refresh();
    else this.scan();
  }

  #forget(folder: string): void {
    const item = this.#items.get(folder);
    if (!item) return;
    this.#items.delete(folder);
    this.#active.delete(item);
    item.dispose();
    this.tell(item, true);
  }
}
