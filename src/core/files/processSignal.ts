/** Milliseconds between two signals of a kind, which the system would otherwise make one. */
const APART = 100;

/**
 * Ends a trainer or supervisor of this machine that has no socket: its first SIGTERM stops it after the epoch, the second one
 * now. False where there are no signals (Windows, whose named pipes always work), or no such process.
 */
export async function signalEnd(pid: number, how: 'stop' | 'cancel'): Promise<boolean> {
  if (process.platform === 'win32') return false;
  try {
    process.kill(pid, 'SIGTERM');
    if (how === 'stop') return true;
    await new Promise((resolve) => { setTimeout(resolve, APART); });
    process.kill(pid, 'SIGTERM');
    return true;
  } catch {
    return false;
  }
}
