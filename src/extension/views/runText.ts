import { duration, metricText } from '../../core/format.ts';
import { settingText, type ShownConfig } from '../../core/run/shownConfig.ts';
import { progressOf, secondsLeft, stateText, type Headline, type Run, type RunState } from '../../core/run/run.ts';
import type { RunSummary } from '../../core/run/summary.ts';
import type { Progress } from '../../core/wire.ts';
import { oneLine } from '../../core/printable.ts';
import { plainText } from './plainText.ts';

/** What of a run its texts are made of; `TrackedRun` is one. */
export interface DescribedRun {
  readonly title: string;
  readonly state: RunState;
  readonly canResume?: boolean | undefined;
  /** What its journal says in short: enough for every text of a run that is not being trained. */
  readonly summary: RunSummary;
  readonly run: Run;
  /** Name of the machine that trains it, if that is not this one. */
  readonly elsewhere?: string | undefined;
  readonly progress?: Progress | undefined;
  readonly config?: Pick<ShownConfig, 'method' | 'dataset'> | undefined;
  /** Why the state is `unreadable`. */
  readonly reason?: string | undefined;
}

/** Codicon and theme colour of a state; the icons differ in shape, so that colour is not the only cue. */
export const stateIcons: Readonly<Record<RunState, { readonly icon: string; readonly color: string }>> = {
  running: { icon: 'sync~spin', color: 'charts.blue' },
  paused: { icon: 'debug-pause', color: 'charts.yellow' },
  finished: { icon: 'pass', color: 'charts.green' },
  stopped: { icon: 'stop-circle', color: 'descriptionForeground' },
  cancelled: { icon: 'circle-slash', color: 'descriptionForeground' },
  failed: { icon: 'error', color: 'charts.red' },
  interrupted: { icon: 'warning', color: 'charts.orange' },
  unreadable: { icon: 'question', color: 'charts.orange' },
};

/** How long ago, in the largest fitting unit. */
export function ageText(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / (24 * 60))} d`;
}

/** The gray text behind a run's name in the tree: method · dataset · score · age. */
export function descriptionOf(run: DescribedRun, now: number): string {
  const best = run.summary.headline;
  const time = run.summary.lastTime;
  return [
    run.elsewhere === undefined ? '' : oneLine(stateText(run.state, run.elsewhere), 60),
    methodName(run),
    oneLine(settingText(run.config?.dataset ?? {}, 'name') ?? run.summary.started?.dataset.name ?? '', 40),
    best ? `${scoreText(best)}${best.split === 'test' ? '' : ' val'}` : '',
    time === undefined ? '' : ageText(now - time),
  ].filter((part) => part !== '').join(' · ');
}

/** The tooltip of a run in the tree, as plain text. */
export function tooltipOf(run: DescribedRun): string {
  const { started, ended, firstTime } = run.summary;
  const best = run.summary.headline;
  const { done, planned } = run.summary.epochs;
  return [
    run.title,
    `State: ${oneLine(stateText(run.state, run.elsewhere), 100)}${run.canResume ? ' (can be resumed)' : ''}`,
    run.reason === undefined ? '' : `Reason: ${oneLine(run.reason, 300)}`,
    ended?.error ? `Error: ${oneLine(ended.error.message, 300)}` : '',
    `Method: ${methodName(run)}`,
    started ? `Seed: ${started.seed}` : '',
    started ? `Backend: ${oneLine(started.backend.id)} (${oneLine(started.backend.device)})` : '',
    planned > 0 ? `Epochs: ${done} of ${planned}` : '',
    best ? `${oneLine(best.metric.label, 40)} of ${oneLine(best.target)} on ${best.split}: ${scoreText(best)}` : '',
    run.elsewhere === undefined ? '' : 'It can be watched here, but not stopped: its process is on that machine.',
    firstTime === undefined ? '' : `Started: ${new Date(firstTime).toLocaleString()}`,
  ].filter((part) => part !== '').join('\n');
}

/** What a screen reader says instead of icon, label and description. */
export function spokenText(run: DescribedRun, now: number): string {
  return `${run.title}, ${run.state}, ${descriptionOf(run, now).replaceAll(' · ', ', ')}`;
}

/** Status bar text for the active runs, e.g. `$(sync~spin) udi · follower:color 4/10 · 97.1 %`; undefined if none. */
export function statusText(active: readonly DescribedRun[]): string | undefined {
  const first = active[0];
  if (!first) return undefined;
  const { stage } = progressOf(first.run);
  const { progress } = first;
  const position = progress ? `${progress.stage} ${progress.epoch}/${progress.epochs}`
    : stage ? `${stage.id} ${stage.epochs.length}/${stage.plannedEpochs}` : 'starting';
  const best = first.summary.headline;
  const score = best ? scoreText(best) : '';
  const parts = [methodName(first), oneLine(position, 60), score].filter((part) => part !== '');
  const more = active.length > 1 ? ` (+${active.length - 1})` : '';
  return `$(${first.state === 'paused' ? 'debug-pause' : 'sync~spin'}) ${plainText(parts.join(' · '))}${more}`;
}

/** Tooltip of the status bar item. */
export function statusTooltip(active: readonly DescribedRun[]): string {
  return active.map((run) => {
    const left = run.state === 'paused' ? undefined : secondsLeft(run.run);
    return `${run.title}: ${run.state}${left === undefined ? '' : `, about ${duration(left)} left`}`;
  }).join('\n');
}

/** The sentence of the notification when a run is active no longer. */
export function endText(run: DescribedRun): string {
  const name = plainText(run.title);
  const best = run.summary.headline;
  const score = best ? `: ${plainText(oneLine(best.target))} ${plainText(scoreText(best))} on ${best.split}` : '';
  switch (run.state) {
    case 'finished': return `${name} finished${score}.`;
    case 'failed': {
      const error = run.summary.ended?.error;
      const reason = [error?.message ?? 'no reason given', error?.hint ?? ''].join(' ');
      return `${name} failed: ${plainText(oneLine(reason, 500))}`;
    }
    case 'interrupted': return `${name} was interrupted: its training process has ended without a word.`;
    default: return `${name} was ${run.state}${score}.`;
  }
}

function methodName(run: DescribedRun): string {
  return oneLine(settingText(run.config?.method ?? {}, 'name') ?? run.summary.started?.method.name ?? '', 40);
}

/** The unit comes from a file. */
function scoreText({ value, metric }: Headline): string {
  return oneLine(metricText(value, metric), 40);
}
