import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { errorText, UserError } from '../../core/errors.ts';

/** Oldest Node that the trainer runs under. */
const OLDEST = 20;

/** The program that runs the trainer. */
export interface TrainerNode {
  readonly path: string;
  /** Set beside the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** Where native backends cannot work: the one device that does. */
  readonly device?: string;
  /** For the log: which one it is, and why. */
  readonly reason: string;
}

/** What decides which Node is taken; `version` asks a program for its version text and throws if it cannot be run. */
export interface NodeSearch {
  /** The setting `udi.trainer.node`; empty if not set. */
  readonly setting: string;
  readonly own: { readonly path: string; readonly version: string; readonly electron: boolean };
  readonly version?: (path: string) => Promise<string>;
}

/**
 * The Node that trains: the one that the setting names, else `node` on the PATH, else VS Code's own. In Electron's Node
 * add-ons that use external buffers fail, so the embedded backend is the only one there.
 * @throws UserError if the setting names something that is not a Node of the required age
 */
export async function findNode({ setting, own, version = askVersion }: NodeSearch): Promise<TrainerNode> {
  if (setting !== '') {
    const found = await version(setting).catch((error: unknown) => {
      throw new UserError(
        `The setting udi.trainer.node names "${setting}", which cannot be run: ${errorText(error)}`,
        'Correct the setting, or clear it to use the node on the PATH.',
      );
    });
    if (majorOf(found) < OLDEST) {
      throw new UserError(
        `The setting udi.trainer.node names Node ${found.trim()}; ${OLDEST} or newer is needed.`,
        'Correct the setting, or clear it to use the node on the PATH.',
      );
    }
    return { path: setting, env: {}, reason: `Node ${found.trim()} from the setting udi.trainer.node` };
  }
  const onPath = await version('node').catch((error: unknown) => `none (${errorText(error)})`);
  if (majorOf(onPath) >= OLDEST) return { path: 'node', env: {}, reason: `Node ${onPath.trim()} on the PATH` };
  const why = `node on the PATH: ${onPath.trim()}, ${OLDEST} or newer is needed`;
  return {
    path: own.path,
    env: { ELECTRON_RUN_AS_NODE: '1' },
    ...(own.electron ? { device: 'wasm' } : {}),
    reason: `VS Code's own Node ${own.version}${own.electron ? ', so with the wasm backend only' : ''} (${why})`,
  };
}

async function askVersion(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000, windowsHide: true });
  return stdout;
}

/** The major version in `v24.1.0`; 0 if the text is none, so that it is never new enough. */
function majorOf(text: string): number {
  return Number(/^v(\d+)\./.exec(text.trim())?.[1] ?? 0);
}
