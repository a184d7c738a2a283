import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { chooseRuns, type RunChoice, type RunItem, type RunPicker } from '../../src/extension/commands/growingPick.ts';
import { Emitter } from '../../src/extension/emitter.ts';
import { Runs } from '../../src/extension/follow/runs.ts';
import { finishedJournal, writeRun } from './runFixture.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const soon = { timeout: 120_000, interval: 20 };
let root: string;
let runs: Runs;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'udi-pick-'));
  runs = new Runs({ log: silent, watch: () => ({ dispose: () => {} }) });
});

afterEach(() => {
  runs.dispose();
  rmSync(root, { recursive: true, force: true });
});

const write = (day: number, name: string) => writeRun(root, `2026010${day}-000000-${name}-000${day}`, finishedJournal(name, 0.9), name);

/** What the window shows; a test is the user. */
class Picker implements RunPicker {
  items: readonly RunItem[] = [];
  activeItems: readonly RunItem[] = [];
  selectedItems: readonly RunItem[] = [];
  busy = false;
  isShown = false;
  isDisposed = false;
  readonly accepted = new Emitter<void>();
  readonly hidden = new Emitter<void>();
  readonly onDidAccept = this.accepted.event;
  readonly onDidHide = this.hidden.event;

  constructor(public canSelectMany = false) {}

  show(): void {
    this.isShown = true;
  }

  dispose(): void {
    this.isDisposed = true;
  }
}

/** Asks which run, with a picker that shows what the window would. */
function ask(more: Partial<RunChoice> = {}, picker = new Picker()) {
  const chosen = chooseRuns({
    runs, accepts: () => true, itemOf: (run) => ({ label: run.title, run }), none: 'none fits', createPicker: () => picker, ...more,
  });
  return { picker, titles: chosen.then((list) => list?.map(({ title }) => title)), labels: () => picker.items.map(({ label }) => label) };
}

describe('A pick of runs', () => {
  it('is open and busy while runs are still being read, and fills up', async () => {
    write(1, 'a');
    write(2, 'b');
    runs.setRoots([root]);
    expect(runs.isReading).toBe(true);
    const { picker, titles, labels } = ask();
    expect([picker.isShown, picker.busy, labels()]).toEqual([true, true, []]);
    await vi.waitFor(() => expect(picker.busy).toBe(false), soon);
    expect(labels()).toEqual(['b', 'a']);
    picker.selectedItems = picker.items.slice(1);
    picker.accepted.fire();
    expect(await titles).toEqual(['a']);
    expect(picker.isDisposed).toBe(true);
  });

  it('keeps what is ticked when more runs come', async () => {
    write(1, 'a');
    write(2, 'b');
    write(3, 'c');
    runs.setRoots([root]);
    const first = await runs.find((run) => run.title === 'a');
    const { picker, titles } = ask({ ticked: [first!] }, new Picker(true));
    expect(picker.selectedItems.map(({ label }) => label)).toEqual(['a']);
    picker.selectedItems = picker.items.slice(0, 2);
    write(4, 'd');
    runs.scan();
    await runs.whenLoaded();
    picker.accepted.fire();
    expect(await titles).toEqual(['c', 'b']);
  });

  it('asks nobody where one run fits and a guess is wanted, before or after reading', async () => {
    write(1, 'a');
    runs.setRoots([root]);
    const early = ask({ guess: true });
    expect(await early.titles).toEqual(['a']);
    const late = ask({ guess: true });
    expect(await late.titles).toEqual(['a']);
    expect(late.picker.isShown).toBe(false);
  });

  it('says what to do when there is no run, or none that fits', async () => {
    runs.setRoots([root]);
    await expect(ask().titles).rejects.toThrow('There is no run yet: UDI: Train starts one.');
    write(1, 'a');
    runs.scan();
    const { picker, titles } = ask({ accepts: (run) => run.isActive });
    await expect(titles).rejects.toThrow('none fits');
    expect(picker.isDisposed).toBe(true);
    await expect(ask({ least: 2 }).titles).rejects.toThrow('none fits');
  });

  it('returns nothing when it is closed', async () => {
    write(1, 'a');
    write(2, 'b');
    runs.setRoots([root]);
    const { picker, titles } = ask();
    picker.hidden.fire();
    expect(await titles).toBeUndefined();
    expect(picker.isDisposed).toBe(true);
  });
});
