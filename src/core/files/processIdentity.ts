import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A text that tells a process from any other that had or will have the same pid: its start time as the system reports it.
 * Undefined if no such process runs (a zombie counts as not running).
 */
export function processStart(pid: number): string | undefined {
  try {
    switch (process.platform) {
      case 'linux': {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        // Fields after the command name, which is in parentheses and may hold spaces: state is the first, start time the 20th.
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${bootId()}:${fields[19] ?? ''}`;
      }
      case 'win32':
        return run('powershell', ['-NoProfile', '-Command', `(Get-Process -Id ${pid}).StartTime.ToFileTimeUtc()`]);
      default:
        return run('ps', ['-o', 'lstart=', '-p', String(pid)]);
    }
  } catch {
    return undefined;
  }
}

/** Whether the process that was recorded with this pid and start text still runs. */
export function isSameProcess(pid: number, start: string): boolean {
  return processStart(pid) === start;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function run(command: string, args: string[]): string | undefined {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true }).trim() || undefined;
}
