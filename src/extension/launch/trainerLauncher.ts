import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { errorText, UserError } from '../../core/errors.ts';
import { runFiles } from '../../core/run/runStore.ts';
import { studyFiles } from '../../core/study/studyStore.ts';
import type { Log } from '../log.ts';
import type { TrainerNode } from './nodeFinder.ts';

/** Elsewhere a process group can be ended as one; on Windows `taskkill` follows the tree. */
const OWN_GROUP = process.platform !== 'win32';

/** Where things are and who is told; `findNode` is asked at every start, because the setting may change. */
export interface TrainerLauncherOptions {
  /** Path of `dist/trainer.cjs`. */
  readonly trainer: string;
  /** Folder that `install-backend` installs into. */
  readonly backends: string;
  readonly findNode: () => Promise<TrainerNode>;
  readonly log: Log;
}

/** How a trainer command that is waited for runs. */
export interface TrainerQuestion {
  /** Hears each line of its output. */
  readonly onLine?: (line: string) => void;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Folder that holds `.udi`, for commands that look into it. */
  readonly cwd?: string;
}

/** What a trainer command that was waited for said. */
export interface TrainerOutput {
  /** Exit code; null if it was ended on demand or by a signal. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts trainer processes: detached ones that train or supervise, and short ones that answer a question. */
export class TrainerLauncher {
  constructor(private readonly options: TrainerLauncherOptions) {}

  /** Folder that holds the backends the user installed. */
  get backends(): string {
    return this.options.backends;
  }

  /**
   * Trains the run in `folder`, from its checkpoint if it has one. The process is its own: closing the window does not
   * end it, and what it prints goes to the run's `trainer.log`. `set` says where its data lie now (`dataset.root=...`).
   */
  start(folder: string, set: readonly string[] = []): Promise<ChildProcess> {
    return this.#startDetached(['run', folder, ...set.flatMap((each) => ['--set', each])], folder, runFiles.log);
  }

  /**
   * Starts the supervisor of the study in `folder`, which trains what is missing: all of it, or the runs with these
   * keys. It outlives the window like a trainer; what it prints goes to the study's `supervisor.log`.
   */
  startStudy(folder: string, keys: readonly string[] = []): Promise<ChildProcess> {
    const only = keys.length > 0 ? ['--keys', keys.join(',')] : [];
    return this.#startDetached(['study-run', folder, ...only], folder, studyFiles.log);
  }

  /** Runs a trainer command to its end. */
  async ask(args: readonly string[], { onLine, signal, cwd }: TrainerQuestion = {}): Promise<TrainerOutput> {
    const node = await this.options.findNode();
    this.options.log.info(`trainer ${args.join(' ')} with ${node.reason}`);
    const child = this.#spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: OWN_GROUP, cwd });
    const abort = () => endTree(child);
    signal?.addEventListener('abort', abort);
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        output[name] += chunk;
        for (const line of chunk.split(/\r?\n/)) if (line.trim() !== '') onLine?.(line);
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', (error) => reject(cannotStart(node, error)));
      child.once('close', resolve);
    }).finally(() => signal?.removeEventListener('abort', abort));
    return { code: signal?.aborted ? null : code, ...output };
  }

  /** Starts a process for a folder below `<root>/.udi/<runs or studies>/`, with its output appended to `logFile` there. */
  async #startDetached(args: readonly string[], folder: string, logFile: string): Promise<ChildProcess> {
    const node = await this.options.findNode();
    const device = node.device ? ['--device', node.device] : [];
    const log = openSync(join(folder, logFile), 'a');
    try {
      // The trainer also looks for backends in the node_modules of the folder that holds `.udi`.
      const cwd = resolve(folder, '..', '..', '..');
      const stdio: StdioOptions = ['ignore', log, log];
      const child = this.#spawn(node, [...args, ...device], { detached: true, stdio, cwd });
      await started(child, node);
      child.unref();
      this.options.log.info(`Training ${folder} as process ${child.pid ?? '?'} with ${node.reason}.`);
      child.once('exit', (code, signal) => {
        const how = signal ?? `code ${code ?? '?'}`;
        this.options.log.info(`Process ${child.pid ?? '?'} of ${folder} ended with ${how}.`);
      });
      return child;
    } finally {
      closeSync(log);
    }
  }

  #spawn(node: TrainerNode, args: readonly string[], options: Parameters<typeof spawn>[2]): ChildProcess {
    const env = { ...process.env, ...node.env, UDI_BACKENDS: this.options.backends };
    return spawn(node.path, [this.options.trainer, ...args], { ...options, env, windowsHide: true });
  }
}

/** Ends a process and what it started (npm, for one). */
function endTree(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  if (OWN_GROUP) process.kill(-child.pid, 'SIGTERM');
  else spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], { stdio: 'ignore', windowsHide: true });
}

async function started(child: ChildProcess, node: TrainerNode): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(cannotStart(node, error)));
  });
}

function cannotStart(node: TrainerNode, error: unknown): UserError {
  const message = `The trainer could not be started with ${node.path}: ${errorText(error)}`;
  return new UserError(message, 'See the setting udi.trainer.node.');
}
