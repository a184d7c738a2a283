import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createConnection } from 'node:net';
import { basename, join } from 'node:path';
import { lastLogLine } from '../../core/run/neverBegun.ts';
import { applyEvent, emptyRun, type Run } from '../../core/run/run.ts';
import { liveTrainer, readJournal, runFiles } from '../../core/run/runStore.ts';
import { signalEnd } from '../../core/files/processSignal.ts';
import type { SupervisorCommand } from '../../core/wire.ts';
import { memoryOf, type ResidentMemory } from '../run/memory.ts';

/** How trainers are started: `trainer` is the path of this program. */
export interface TrainerLaunch {
  readonly trainer: string;
  /** Backend of all trainers, over their configs. */
  readonly device?: string;
}

/**
 * A run folder and its trainer as the supervisor sees them: through the journal and the process alone, so that a trainer
 * which another supervisor has started is followed like one's own.
 */
export class SupervisedRun {
  readonly id: string;
  #run: Run = emptyRun;
  #bytes = 0;
  #steps = 0;
  #child: ChildProcess | undefined;
  /** Where the journal was when the trainer that is followed now was started or found. */
  #from = { seq: 0, steps: 0 };

  constructor(readonly folder: string) {
    this.id = basename(folder);
    this.read();
    this.#mark();
  }

  /** What the journal says as of the last `read`. */
  get run(): Run {
    return this.#run;
  }

  /** How the run ended by the word of the trainer that is followed; undefined if it has said none. */
  get ended(): Run['ended'] {
    return this.#run.lastSeq > this.#from.seq ? this.#run.ended : undefined;
  }

  /** Whether the trainer that is followed has finished an epoch, or taken a stage from the cache. */
  get progressed(): boolean {
    return this.#steps > this.#from.steps;
  }

  /** Whether a trainer works on this run, or has been started to. */
  isAlive(): boolean {
    return this.#ownPid() !== undefined || liveTrainer(this.folder) !== undefined;
  }

  /** Whether its trainer works where it can be followed only: on another machine, or in another container. */
  elsewhere(): boolean {
    return this.#ownPid() === undefined && liveTrainer(this.folder)?.elsewhere !== undefined;
  }

  /** Resident memory of the trainer; undefined if it cannot be seen from here. Called often: asking for a child costs nothing. */
  memory(): ResidentMemory | undefined {
    const own = this.#ownPid();
    if (own !== undefined) return memoryOf(own);
    const found = liveTrainer(this.folder);
    return found && found.elsewhere === undefined ? memoryOf(found.pid) : undefined;
  }

  /** Folds what the journal has got since the last call. */
  read(): void {
    const { events, validBytes } = readJournal(this.folder, this.#bytes);
    this.#bytes = validBytes;
    for (const event of events) {
      this.#run = applyEvent(this.#run, event);
      if (event.type === 'epoch' || event.type === 'stageEnded') this.#steps++;
    }
  }

  /** Starts a trainer that outlives this process; what it prints is appended to the run's log. `onExit` hears when it has ended. */
  start({ trainer, device }: TrainerLaunch, onExit: () => void): void {
    this.#mark();
    const log = openSync(join(this.folder, runFiles.log), 'a');
    try {
      const args = [trainer, 'run', this.folder, ...(device ? ['--device', device] : [])];
      const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log], windowsHide: true });
      child.once('exit', onExit);
      // Without memory or process slots left; the run counts as one whose trainer has died.
      child.once('error', onExit);
      child.unref();
      this.#child = child;
    } finally {
      closeSync(log);
    }
  }

  /** Asks the trainer to end; false if it does not listen yet, or no more, or cannot be reached from here. */
  async send(command: SupervisorCommand): Promise<boolean> {
    const trainer = liveTrainer(this.folder);
    if (!trainer || trainer.elsewhere !== undefined) return false;
    if (trainer.socket === '') return signalEnd(trainer.pid, command.type);
    return new Promise((resolve) => {
      const socket = createConnection(trainer.socket);
      socket.once('connect', () => socket.end(`${JSON.stringify(command)}\n`, () => resolve(true)));
      socket.once('error', () => resolve(false));
      socket.resume();
    });
  }

  /** The last line that the trainer printed, for a run that ended without a word in its journal. */
  lastWords(): string | undefined {
    return lastLogLine(this.folder).slice(0, 300) || undefined;
  }

  /** Pid of the trainer that this process has started, while it runs. */
  #ownPid(): number | undefined {
    return this.#child && isRunning(this.#child) ? this.#child.pid : undefined;
  }

  #mark(): void {
    this.#from = { seq: this.#run.lastSeq, steps: this.#steps };
  }
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}
