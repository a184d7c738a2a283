import type { RunConfig } from '../../core/config/config.ts';
import type { RunState } from '../../core/run/run.ts';

/** A run that no trainer works on yet. */
export interface QueuedRun {
  readonly key: string;
  readonly kind: string;
}

/** A run that a trainer works on. */
export interface OpenRun extends QueuedRun {
  /** Resident memory of its trainer, bytes; undefined if the system does not tell. */
  readonly memory?: number;
  /** Whether it stands still until another run has trained a stage that both need. */
  readonly waits?: boolean;
}

/** What the decision depends on; memory in bytes. */
export interface Situation {
  /** In the order in which they should start. */
  readonly queue: readonly QueuedRun[];
  readonly open: readonly OpenRun[];
  /** Highest memory that a trainer of a kind was seen to take; no entry: no run of it has ended or trained an epoch yet. */
  readonly peaks: ReadonlyMap<string, number>;
  readonly available: number;
  /** Trainers side by side. */
  readonly parallel: number;
}

/** What to do now. */
export interface Decision {
  readonly start: readonly string[];
  /** Runs for which a trainer would be free, at most one of each kind; `cause` is the same as long as the reason is. */
  readonly waiting: readonly { readonly key: string; readonly cause: 'memory' | 'unmeasured'; readonly reason: string }[];
}

/**
 * Decides which runs to start. They start in the order of the queue, as many as `parallel` allows, and a run that has to
 * wait does not hold up smaller ones behind it. A run that stands still for a stage of another one leaves its place to the
 * next, up to as many as `parallel`, so that those that wait do not fill the memory:
 * - a run whose kind is measured waits while its peak, on top of what the open runs may still grow to, is more than is available;
 * - of runs whose kind is not measured only one is open at a time beside others, until it has trained its first epoch;
 * - when nothing runs, one always starts: waiting would not help.
 */
export function schedule({ queue, open, peaks, available, parallel }: Situation): Decision {
  const start: string[] = [];
  const waiting: Decision['waiting'][number][] = [];
  const blocked = new Set<string>();
  let left = available - open.reduce((sum, { kind, memory }) => sum + Math.max(0, (peaks.get(kind) ?? 0) - (memory ?? 0)), 0);
  const working = open.filter(({ waits }) => !waits);
  const occupied = Math.max(working.length, open.length - parallel);
  let unmeasured = working.some(({ kind }) => !peaks.has(kind));
  for (const { key, kind } of queue) {
    if (occupied + start.length >= parallel) break;
    if (blocked.has(kind)) continue;
    const peak = peaks.get(kind);
    const alone = open.length + start.length === 0;
    if (peak === undefined && unmeasured && !alone) {
      blocked.add(kind);
      // The next one in line stands for all that wait for the same thing.
      if (waiting.some(({ cause }) => cause === 'unmeasured')) continue;
      waiting.push({ key, cause: 'unmeasured', reason: `Waits for the first epoch of another run: how much memory either needs is not known yet (${describeKind(kind)}).` });
    } else if (peak !== undefined && peak > left && !alone) {
      blocked.add(kind);
      waiting.push({
        key, cause: 'memory',
        reason: `Waits for memory: ${describeKind(kind)} takes ${megabytes(peak)}, and ${megabytes(Math.max(0, left))} are left beside what the runs now open may grow to.`,
      });
    } else {
      start.push(key);
      left -= peak ?? 0;
      unmeasured ||= peak === undefined;
    }
  }
  return { start, waiting };
}

/**
 * The kind of a run, as far as memory goes: method, dataset with all its settings (its limit among them), encoders and
 * batch size. Seeds, weights and epochs make no difference.
 */
export function kindOf({ method, dataset, model, training }: RunConfig): string {
  return JSON.stringify([method.name, dataset.name, training.batchSize, dataset, model]);
}

function describeKind(kind: string): string {
  const [method, dataset, batchSize] = JSON.parse(kind) as [string, string, number];
  return `${method} on ${dataset} in batches of ${batchSize}`;
}

/** What a supervisor that has just started does about a run of the plan; `alive`: whether a trainer works on it. */
export function needOf(state: RunState | 'missing' | 'incomplete', alive: boolean): 'nothing' | 'attach' | 'resume' | 'create' {
  switch (state) {
    case 'finished': return 'nothing';
    // A failed run would fail again from its checkpoint; it stays readable, and what it had finished is in the stage cache.
    case 'failed':
    case 'incomplete':
    case 'unreadable':
    case 'missing': return 'create';
    case 'running':
    case 'paused': return 'attach';
    // A trainer that has just resumed the run has not said so yet.
    case 'interrupted':
    case 'stopped':
    case 'cancelled': return alive ? 'attach' : 'resume';
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
