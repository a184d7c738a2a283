import { join } from 'node:path';
import type { LiveProcess } from '../../core/files/processFile.ts';
import { Claim } from '../store/claim.ts';
import { folderGone, takenOver } from './journal.ts';
import { listen, stopListening, type Listening } from './server.ts';

/** What it takes to be the one process that works on a folder. */
export interface FolderOwnerOptions<Journal> {
  readonly folder: string;
  /** Name of the file in it that says who works on it. */
  readonly file: string;
  /** The error of one that is not let in. */
  readonly refuse: (owner: LiveProcess | undefined) => Error;
  /** Opens the journal; `mayWrite` throws as soon as the folder is another's. */
  readonly openJournal: (mayWrite: () => void) => Journal;
}

/** A folder (of a run, of a study) that this process alone works on, with its journal and its socket. */
export class FolderOwner<Journal extends { close(): void }> {
  private onLost = (): void => undefined;
  readonly journal: Journal;
  private readonly claim: Claim;

  private constructor({ folder, file, refuse, openJournal }: FolderOwnerOptions<Journal>, readonly listening: Listening) {
    this.claim = new Claim(join(folder, file), {
      socket: listening.path, refuse, onLost: () => this.onLost(),
      lost: (how) => (how === 'gone' ? folderGone(folder) : takenOver(folder)),
    });
    try {
      this.journal = openJournal(() => this.claim.check());
    } catch (error) {
      this.claim.release();
      throw error;
    }
  }

  /**
   * Takes the folder. The socket is there before the claim names it; between the two and `serve` nothing may be awaited.
   * @throws what `refuse` returns if another process works on it; what `openJournal` throws
   */
  static async take<Journal extends { close(): void }>(options: FolderOwnerOptions<Journal>): Promise<FolderOwner<Journal>> {
    const listening = await listen(options.folder);
    try {
      return new FolderOwner(options, listening);
    } catch (error) {
      stopListening(listening);
      throw error;
    }
  }

  /** Calls `listener` when it turns out, between two events, that the folder is another's or gone. */
  whenLost(listener: () => void): void {
    this.onLost = listener;
  }

  /** Closes the journal, then lets the next one in. */
  release(): void {
    this.journal.close();
    this.claim.release();
  }
}
