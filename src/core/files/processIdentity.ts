import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What tells a process from every other one, on this machine and on others that share its disks. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start of the process as `processStart` gives it; '' where its writer does not know. */
  readonly start: string;
  /** Name of its machine; absent in files of versions that did not know other machines. */
  readonly host?: string;
  /** Id of the boot of its machine, where the system has one. */
  readonly boot?: string;
  /** Id of its pid namespace on Linux: inside a container pids count differently. */
  readonly namespace?: string;
}

/** What can be said about a process from here; `unknown`: it cannot be seen from here, so only its heartbeat tells. */
export type Liveness = 'alive' | 'dead' | 'unknown';

/** Start of a process of which the system says no more than that it exists. */
const NOT_KNOWN = '?';

/**
 * A text that tells a process from any other that had or will have the same pid: its start time as the system reports it.
 * Undefined if no such process runs (a zombie counts as not running).
 */
export function processStart(pid: number, platform: NodeJS.Platform = process.platform): string | undefined {
  try {
    switch (platform) {
      case 'linux': {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        // Fields after the command name, which is in parentheses and may hold spaces: state is the first, start time the 20th.
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${bootOf(platform) ?? ''}:${fields[19] ?? ''}`;
      }
      // Asking Windows for a start time takes a process of its own and up to a second; the heartbeat answers as well.
      case 'win32':
        if (pid === process.pid) return String(Math.round(performance.timeOrigin));
        return exists(pid) ? NOT_KNOWN : undefined;
      default:
        return exists(pid) ? run('ps', ['-o', 'lstart=', '-p', String(pid)]) : undefined;
    }
  } catch {
    return undefined;
  }
}

/** The identity of this process, to be recorded where others look for it. */
export function ownIdentity(): ProcessIdentity {
  const boot = bootOf(process.platform);
  const namespace = ownNamespace();
  return {
    pid: process.pid, start: processStart(process.pid) ?? '', host: hostname(),
    ...(boot === undefined ? {} : { boot }), ...(namespace === undefined ? {} : { namespace }),
  };
}

/** A short text for the place in which pids count alike: this boot of this machine, or of this container. */
export function ownMachine({ host, boot, namespace }: Omit<ProcessIdentity, 'pid' | 'start'> = ownIdentity()): string {
  return createHash('sha256').update(JSON.stringify([host, boot, namespace])).digest('hex').slice(0, 8);
}

/**
 * Whether the recorded process still runs, as far as a process with the identity `from` can tell by looking at pids.
 * It is dead only if it would have to be visible from there and is not, or if its machine was started anew since.
 */
export function livenessOf(recorded: ProcessIdentity, from = ownIdentity(), startOf: (pid: number) => string | undefined = processStart): Liveness {
  if (recorded.start === '') return 'unknown';
  // A file without a host is of a version that knew this machine only.
  const sameHost = recorded.host === undefined || recorded.host === from.host;
  if (canSee(recorded, from)) {
    const found = startOf(recorded.pid);
    if (found === recorded.start) return 'alive';
    return sameHost && found !== NOT_KNOWN ? 'dead' : 'unknown';
  }
  const boot = recordedBoot(recorded);
  const restarted = boot !== undefined && from.boot !== undefined && boot !== from.boot;
  return restarted && recorded.host === from.host && recorded.namespace === from.namespace ? 'dead' : 'unknown';
}

/** Whether a process with the identity `from` counts pids as the recorded one does: on the same machine, in the same pid namespace. */
export function canSee(recorded: ProcessIdentity, from = ownIdentity()): boolean {
  const boot = recordedBoot(recorded);
  const sameMachine = boot === undefined || from.boot === undefined ? recorded.host === undefined || recorded.host === from.host : boot === from.boot;
  return sameMachine && (recorded.namespace === undefined || recorded.namespace === from.namespace);
}

/** On Linux the start has always begun with the id of the boot, also in files that name no machine. */
function recordedBoot({ boot, start }: ProcessIdentity): string | undefined {
  return boot ?? /^([0-9a-f]{8}-[0-9a-f-]{27}):/.exec(start)?.[1];
}

function bootOf(platform: NodeJS.Platform): string | undefined {
  try {
    if (platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return platform === 'darwin' ? macBoot() : undefined;
  } catch {
    return undefined;
  }
}

/** Asked once: it cannot change while this process lives. */
const macBoot = ((): (() => string | undefined) => {
  let known: string | undefined;
  return () => (known ??= run('sysctl', ['-n', 'kern.bootsessionuuid']));
})();

function ownNamespace(): string | undefined {
  try {
    return process.platform === 'linux' ? readlinkSync('/proc/self/ns/pid') : undefined;
  } catch {
    return undefined;
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What a program prints, the same in every language and time zone. */
function run(command: string, args: string[]): string | undefined {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true, env }).trim() || undefined;
}
