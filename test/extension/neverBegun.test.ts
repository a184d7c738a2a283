import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type * as vscode from 'vscode';
import { runFiles } from '../../src/core/run/runStore.ts';
import { startNewRun } from '../../src/extension/commands/startNewRun.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import { TrainerLauncher } from '../../src/extension/launch/trainerLauncher.ts';
import type { Services } from '../../src/extension/services.ts';
import { writeRun } from './runFixture.ts';

const shown = vi.hoisted(() => ({ errors: [] as string[], buttons: [] as string[] }));
vi.mock('vscode', () => ({ window: {
  showErrorMessage: (text: string, ...buttons: string[]) => {
    shown.errors.push(text);
    shown.buttons.push(...buttons);
    return Promise.resolve(buttons[0]);
  },
} }));

const trainer = join(import.meta.dirname, '../../dist/trainer.cjs');
const soon = { timeout: 120_000, interval: 20 };
let root: string;
let runs: Runs;
let ends: string[];
let logged: string[];
let logShown: number;

beforeEach(() => {
  if (!existsSync(trainer)) throw new Error(`${trainer} is missing; run npm run build first`);
  root = mkdtempSync(join(tmpdir(), 'udi-never-'));
  [ends, logged, logShown] = [[], [], 0];
  shown.errors.length = shown.buttons.length = 0;
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  runs = new Runs({ log: silent, watch: () => ({ dispose: () => {} }) });
  runs.onDidEnd((run) => ends.push(run.state));
});

afterEach(() => {
  runs.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** Starts the built trainer on a run as the commands do; `env` is added to its environment. */
async function start(folder: string, env: Record<string, string> = {}): Promise<void> {
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (message: string | Error) => logged.push(String(message)), show: () => { logShown++; } };
  const launcher = new TrainerLauncher({
    trainer, backends: join(root, 'backends'), log, findNode: () => Promise.resolve({ path: process.execPath, env, device: 'wasm', reason: 'test' }),
  });
  await startNewRun({ runs, trainer: launcher, log, runPanels: { show: () => {} } } as unknown as Services, folder, -1 as vscode.ViewColumn);
}

describe('A new run whose trainer ends before the first event', () => {
  it('leaves no folder where the trainer refuses it, and the trainer\'s own sentence is shown with its log', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', []);
    const file = join(folder, runFiles.config);
    writeFileSync(file, readFileSync(file, 'utf8').replace('name: udi', 'name: of-a-later-version'));
    await start(folder);
    await vi.waitFor(() => expect(shown.errors).toHaveLength(1), soon);
    expect(shown.errors[0]).toMatch(/^quick: Its trainer ended before the run had begun; .*of-a-later-version/);
    expect(existsSync(folder)).toBe(false);
    expect(runs.list()).toEqual([]);
    expect(ends).toEqual([]);
    expect(shown.buttons).toEqual(['Show Log']);
    await vi.waitFor(() => expect(logShown).toBe(1), soon);
    expect(logged[0]).toContain('of-a-later-version');
  });

  it('leaves none where the trainer is killed when it has just claimed the run', async () => {
    const killer = join(root, 'killer.cjs');
    writeFileSync(killer, `
      const fs = require('node:fs');
      const { renameSync } = fs;
      fs.renameSync = (from, to) => {
        renameSync(from, to);
        if (String(to).endsWith('${runFiles.trainer}')) process.kill(process.pid, 'SIGKILL');
      };`);
    const folder = writeRun(root, '20260101-000000-a-0001', []);
    await start(folder, { NODE_OPTIONS: `--require ${killer}` });
    await vi.waitFor(() => expect(shown.errors).toEqual([expect.stringMatching(/^quick: Its trainer ended .* It printed nothing\.$/)]), soon);
    expect(existsSync(folder)).toBe(false);
    expect(ends).toEqual([]);
  });

  it('is no such run if it said why in its journal: that one is kept as failed', async () => {
    const folder = writeRun(root, '20260101-000000-a-0001', []);
    const file = join(folder, runFiles.config);
    writeFileSync(file, readFileSync(file, 'utf8').replace('name: synthetic-digits', 'name: cgmnist\n  root: nowhere'));
    await start(folder);
    await vi.waitFor(() => expect(ends).toEqual(['failed']), soon);
    expect(shown.errors).toEqual([]);
    expect(existsSync(folder)).toBe(true);
  });
});
