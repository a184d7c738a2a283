import type { Catalog } from '../../core/config/catalog.ts';
import { UserError } from '../../core/errors.ts';
import type { StudyRunView, StudyView } from '../../core/protocol.ts';
import { studyCurves } from '../../core/study/studyCurves.ts';
import { studySecondsLeft } from '../../core/study/studyProgress.ts';
import type { PlannedRun, StudyPlan } from '../../core/study/studyPlan.ts';
import { reasonOf, standingOf } from '../../core/study/standing.ts';
import { studyTables } from '../../core/study/studyTables.ts';
import type { TrackedRun } from '../follow/trackedRun.ts';
import type { TrackedStudy } from '../follow/trackedStudy.ts';

type Runs = ReadonlyMap<string, TrackedRun>;

/**
 * Builds what the page of one study is told. Tables and curves come from all runs, so each is made anew only if something
 * has happened that it shows: tables when a run changes its state, curves at an epoch.
 */
export class StudyViewBuilder {
  readonly #tables = cached((plan, runs) => studyTables(plan, runs, this.catalog), ({ id, state, run }) => `${id} ${state} ${run.started !== undefined}`);
  readonly #curves = cached((plan, runs) => studyCurves(plan, runs), ({ id, run }) => `${id} ${run.lastSeq}`);

  constructor(private readonly catalog: Pick<Catalog, 'methods' | 'datasets'>) {}

  /**
   * The view of a study as it is now.
   * @throws UserError if its plan is missing or damaged
   */
  view(tracked: TrackedStudy, trusted: boolean): StudyView {
    const { id, title, state, study, runs } = tracked;
    const plan = planOf(tracked);
    return {
      id, title, state, trusted,
      runs: plan.runs.map((planned) => runView(planned, runs.get(planned.key), study.waiting[planned.key])),
      parallel: study.parallel,
      ...secondsLeftOf(tracked, plan),
      tables: this.#tables(plan, runs),
      curves: this.#curves(plan, runs),
      ...(plan.notes ? { notes: plan.notes } : {}),
      ...(study.firstTime === undefined ? {} : { firstTime: study.firstTime }),
      ...(study.lastTime === undefined ? {} : { lastTime: study.lastTime }),
      ...(study.ended?.error ? { error: study.ended.error } : {}),
      ...(tracked.elsewhere === undefined ? {} : { elsewhere: tracked.elsewhere }),
    };
  }
}

/** Runs that failed are not tried again by themselves. */
function secondsLeftOf({ state, study, runs }: TrackedStudy, plan: StudyPlan): Pick<StudyView, 'secondsLeft'> {
  if (state !== 'running') return {};
  const remaining = plan.runs.map(({ key }) => key).filter((key) => !['finished', 'failed'].includes(runs.get(key)?.state ?? 'missing'));
  const seconds = studySecondsLeft(remaining, new Map([...runs].map(([key, { run }]) => [key, run])), study.parallel);
  return seconds === undefined ? {} : { secondsLeft: seconds };
}

/**
 * The plan of a study.
 * @throws UserError if it is missing or damaged
 */
export function planOf({ plan, folder, title }: TrackedStudy): StudyPlan {
  if (plan) return plan;
  throw new UserError(`The plan of the study ${title} in ${folder} is damaged.`, 'Run the study again from its file.');
}

function runView({ key, label }: PlannedRun, run: TrackedRun | undefined, waiting: string | undefined): StudyRunView {
  if (!run) return { key, label, state: 'missing', ...(waiting === undefined ? {} : { message: waiting }) };
  // A run that ended without test scores has nothing for the tables.
  const state = standingOf(run.listed) === 'incomplete' ? 'failed' : run.state;
  const message = state === 'failed' ? reasonOf(run.listed) : run.reason ?? waiting;
  const { done, planned } = run.summary.epochs;
  return { key, label, run: run.id, state, ...(planned > 0 ? { done, planned } : {}), ...(run.summary.ended?.error?.diverged ? { diverged: true as const } : {}), ...(message === undefined ? {} : { message }) };
}

/** Remembers the last result for as long as plan and runs are, by `stamp`, the same. */
function cached<T>(make: (plan: StudyPlan, runs: Runs) => T, stamp: (run: TrackedRun) => string): (plan: StudyPlan, runs: Runs) => T {
  let last: { plan: StudyPlan; key: string; value: T } | undefined;
  return (plan, runs) => {
    const key = [...runs.values()].map(stamp).join('\n');
    if (last?.plan !== plan || last.key !== key) last = { plan, key, value: make(plan, runs) };
    return last.value;
  };
}
