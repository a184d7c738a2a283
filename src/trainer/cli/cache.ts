import { join } from 'node:path';
import { cacheFolder, StageCache } from '../store/stageCache.ts';

/** `udi cache`: how many stages are kept for other runs, and what they take. `udi cache clear` removes them. */
export function cacheCommand(runs: string, action: 'show' | 'clear', json: boolean): void {
  const cache = new StageCache(cacheFolder(join(runs, 'run')));
  const { entries, bytes } = action === 'clear' ? cache.clear() : cache.size();
  if (json) {
    process.stdout.write(`${JSON.stringify({ folder: cache.folder, entries, bytes })}\n`);
    return;
  }
  const what = `${entries} ${entries === 1 ? 'stage' : 'stages'}, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
  process.stdout.write(action === 'clear' ? `Removed ${what} from ${cache.folder}\n` : `${what} in ${cache.folder}\n`);
}
