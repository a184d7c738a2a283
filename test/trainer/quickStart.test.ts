import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listRuns, loadRun } from '../../src/core/run/runStore.ts';
import { search } from './numbers.ts';

// What a newcomer sees first: `npm start` must show what UDI is for, with numbers that are there.
it('the quick start trains Sum and UDI, and shows that joint training left a branch behind that UDI did not', () => {
  const runs = mkdtempSync(join(tmpdir(), 'udi-start-'));
  try {
    const examples = ['sum.udi.yaml', 'quick-start.udi.yaml'].map((name) => join(import.meta.dirname, '../../examples', name));
    const { status, stdout, stderr } = spawnSync(process.execPath,
      [join(search.distFolder, 'trainer.cjs'), 'train', ...examples, '--runs', runs, '--device', 'wasm'], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const [sum, udi] = ['sum', 'udi'].map((method) => listRuns(runs).map(loadRun).find(({ run }) => run.started!.method.name === method)!.run.test!);
    const accuracy = (scores: typeof sum, target: string) => scores![target]!['accuracy'] as number;
    for (const modality of ['audio', 'visual']) {
      expect(accuracy(udi, modality), `${modality}: good`).toBeGreaterThan(0.6);
      expect(accuracy(udi, modality), `${modality}: not perfect`).toBeLessThan(0.95);
    }
    expect(accuracy(udi, 'fusion'), 'the branches err on different samples').toBeGreaterThan(Math.max(accuracy(udi, 'audio'), accuracy(udi, 'visual')) + 0.05);
    expect(accuracy(sum, 'visual'), 'under-trained').toBeLessThan(accuracy(udi, 'visual') - 0.15);
    expect(accuracy(udi, 'fusion')).toBeGreaterThan(accuracy(sum, 'fusion') + 0.015);
    const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
    const printed = stdout.slice(stdout.lastIndexOf('test ACC'));
    for (const target of ['audio', 'visual', 'fusion']) {
      const gained = `+${(100 * (accuracy(udi, target) - accuracy(sum, target))).toFixed(2)} points`;
      const line = printed.split('\n').find((each) => each.startsWith(target))!;
      expect(line.split(/ {2,}/)).toEqual([target, percent(accuracy(sum, target)), percent(accuracy(udi, target)), gained]);
    }
    expect(printed).toMatch(/quick-start: follower:audio ended with α_con \d\.\d{3}, α_com \d\.\d{3}/);
  } finally {
    rmSync(runs, { recursive: true, force: true });
  }
});
