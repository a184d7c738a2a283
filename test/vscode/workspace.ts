/**
 * Temporary workspaces: every suite trains and writes in a copy, so the checkout stays clean and suites do not see each
 * other's runs. Also ends the trainers that a suite left behind; they outlive the window on purpose.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { liveTrainer, runsFolder } from '../../src/core/run/runStore.ts';
import { listStudies, liveSupervisor, studiesFolder } from '../../src/core/study/studyStore.ts';

export interface WorkspaceOptions {
  /** A folder to copy (without its runs), e.g. `examplesDir`. */
  from?: string;
  /** Files to write: path relative to the workspace, and text. */
  files?: Readonly<Record<string, string>>;
}

/** Makes a workspace in the system's temporary folder and returns its path. */
export function makeWorkspace(options: WorkspaceOptions = {}): string {
  // The real path: VS Code resolves links, and paths that it shows are compared with this one.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'udi-workspace-')));
  const { from, files = {} } = options;
  if (from) cpSync(from, folder, { recursive: true, filter: (path) => basename(path) !== '.udi' });
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

/** Ends all supervisors and trainers whose studies and runs are in `folder`; supervisors first, or they would start others. */
export function endTrainers(folder: string): void {
  for (const study of listStudies(studiesFolder(folder))) {
    const supervisor = liveSupervisor(study);
    if (supervisor && supervisor.elsewhere === undefined) process.kill(supervisor.pid, 'SIGKILL');
  }
  const runs = runsFolder(folder);
  if (!existsSync(runs)) return;
  for (const name of readdirSync(runs)) {
    const trainer = liveTrainer(join(runs, name));
    if (trainer && trainer.elsewhere === undefined) process.kill(trainer.pid, 'SIGKILL');
  }
}

/** Ends its trainers and deletes it. */
export function removeWorkspace(folder: string): void {
  endTrainers(folder);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
