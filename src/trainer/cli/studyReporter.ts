import { join } from 'node:path';
import { SingleBar, Presets } from 'cli-progress';
import { duration } from '../../core/format.ts';
import { oneLine } from '../../core/printable.ts';
import { headlineOf, progressOf, type Run } from '../../core/run/run.ts';
import { applyStudyEvent, type Study, type StudyEvent } from '../../core/study/studyEvents.ts';
import { standingOf } from '../../core/study/standing.ts';
import { studySecondsLeft } from '../../core/study/studyProgress.ts';
import { studyRuns, type StoredStudy } from '../../core/study/studyStore.ts';
import { createCatalog } from '../catalog.ts';
import { SupervisedRun } from '../study/supervisedRun.ts';
import { headlineText } from './summary.ts';

/** Milliseconds between two looks at the running ones, on a terminal. */
const INTERVAL = 1000;

/** Shows a study while it is run. */
export interface StudyReporter {
  onEvent(event: StudyEvent): void;
  close(): void;
}

/** Every event as one JSON line, for programs. */
export function jsonStudyReporter(): StudyReporter {
  return {
    onEvent: (event) => { process.stdout.write(`${JSON.stringify(event)}\n`); },
    close: () => undefined,
  };
}

/** A line for every start and end of a run; on a terminal also a bar with the runs that are open and the time left. */
export class TextStudyReporter implements StudyReporter {
  readonly #labels: ReadonlyMap<string, string>;
  readonly #runs = new Map<string, Run>();
  readonly #open = new Map<string, SupervisedRun>();
  /** Runs that are still to be ended by this supervision. */
  readonly #remaining: Set<string>;
  readonly #planned: number;
  readonly #bar: SingleBar | undefined;
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #study: Study;

  constructor(private readonly stored: StoredStudy) {
    const { plan } = stored;
    this.#study = stored.study;
    this.#planned = plan.runs.length;
    this.#labels = new Map(plan.runs.map(({ key, label }) => [key, label]));
    this.#remaining = new Set(this.#labels.keys());
    for (const [key, found] of studyRuns(stored, createCatalog())) {
      if (standingOf(found) !== 'finished') continue;
      this.#runs.set(key, found.run);
      this.#remaining.delete(key);
    }
    if (!process.stdout.isTTY) return;
    this.#bar = new SingleBar({ format: '{bar} {value}/{total} · {open}{left} left', hideCursor: true, clearOnComplete: true, barsize: 20, linewrap: false }, Presets.shades_classic);
    this.#bar.start(this.#planned, this.#done(), { open: '', left: '-' });
    this.#timer = setInterval(() => this.#draw(), INTERVAL);
  }

  onEvent(event: StudyEvent): void {
    this.#study = applyStudyEvent(this.#study, event);
    const line = this.#lineOf(event);
    if (line === undefined) return;
    if (this.#bar) process.stdout.write('\r\u001b[K');
    process.stdout.write(`${oneLine(line, Infinity)}\n`);
    this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
  }

  #lineOf(event: StudyEvent): string | undefined {
    switch (event.type) {
      case 'started': {
        const before = this.#planned - this.#remaining.size;
        return `Study ${event.name}: ${event.runs} runs${before > 0 ? `, ${before} of them finished before` : ''}; ${event.parallel} side by side`;
      }
      case 'runStarted': {
        this.#open.set(event.key, new SupervisedRun(join(this.stored.origin.runs, event.run)));
        this.#remaining.add(event.key);
        const how = { new: 'started', resumed: 'resumed', found: 'found running' }[event.how];
        return `${this.#label(event.key)}: ${how} (${event.run})`;
      }
      case 'runEnded': {
        this.#follow();
        const run = this.#runs.get(event.key);
        this.#open.delete(event.key);
        this.#remaining.delete(event.key);
        const score = run && event.state === 'finished' ? ` · ${headlineText(headlineOf(run))}` : '';
        const left = this.#bar || this.#remaining.size === 0 ? '' : ` · ${this.#remaining.size} to go, ${this.#left()} left`;
        return `[${this.#done()}/${this.#planned}] ${this.#label(event.key)}: ${event.state}${score}${event.message ? ` · ${event.message}` : ''}${left}`;
      }
      case 'waiting': return `${this.#label(event.key)}: ${event.reason}`;
      case 'ended':
      case 'unknown': return undefined;
    }
  }

  #draw(): void {
    if (!this.#bar) return;
    this.#follow();
    const open = [...this.#open].map(([key, { run }]) => {
      const { done, planned } = progressOf(run);
      return `${this.#label(key)} ${planned > 0 ? `${done}/${planned}` : 'loading'} · `;
    });
    this.#bar.update(this.#done(), { open: oneLine(open.join(''), Infinity), left: this.#left() });
  }

  #follow(): void {
    for (const [key, supervised] of this.#open) {
      supervised.read();
      this.#runs.set(key, supervised.run);
    }
  }

  #left(): string {
    const seconds = studySecondsLeft([...this.#remaining], this.#runs, this.#study.parallel);
    return seconds === undefined ? '-' : duration(seconds);
  }

  #done(): number {
    return [...this.#runs.values()].filter((run) => run.ended !== undefined && standingOf({ run, state: run.ended.state }) === 'finished').length;
  }

  #label(key: string): string {
    return this.#labels.get(key) ?? key;
  }
}
