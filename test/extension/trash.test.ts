import { existsSync, mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadRun } from '../../src/core/run/runStore.ts';
import { emptyTrash, listTrash, moveToTrash, restoreFromTrash } from '../../src/extension/trash.ts';
import { finishedJournal, writeRun } from './runFixture.ts';

const DAY = 24 * 3600 * 1000;
let root: string;

beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'udi-trash-')); });
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('trash', () => {
  it('takes a run and gives it back as it was', () => {
    const folder = writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9));
    const before = loadRun(folder);
    const trashed = moveToTrash(folder);
    expect(existsSync(folder)).toBe(false);
    expect(listTrash(root)).toEqual([trashed]);
    expect(restoreFromTrash(trashed)).toBe(folder);
    expect(loadRun(folder)).toEqual(before);
    expect(listTrash(root)).toEqual([]);
  });

  it('refuses to restore what is gone or would overwrite a run', () => {
    const folder = writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9));
    const trashed = moveToTrash(folder);
    writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9));
    expect(() => restoreFromTrash(trashed)).toThrow('already');
    emptyTrash(root);
    expect(() => restoreFromTrash(trashed)).toThrow('no longer');
  });

  it('keeps deleted runs for 30 days, counted from their deletion, not from their training', () => {
    const now = Date.now();
    const old = writeRun(root, '20250101-000000-old-0001', finishedJournal('old', 0.9));
    utimesSync(old, new Date(0), new Date(0));
    const trashed = moveToTrash(old, now - 29 * DAY);
    moveToTrash(writeRun(root, '20260101-000000-a-0001', finishedJournal('a', 0.9)), now);
    expect(existsSync(trashed)).toBe(true);
    moveToTrash(writeRun(root, '20260101-000000-b-0002', finishedJournal('b', 0.9)), now + 2 * DAY);
    expect(existsSync(trashed)).toBe(false);
    expect(listTrash(root)).toHaveLength(2);
  });
});
