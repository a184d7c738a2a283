import type { Study, StudyState } from '../../core/study/studyEvents.ts';
import { oneLine } from '../../core/printable.ts';
import { plainText } from './plainText.ts';
import { ageText } from './runText.ts';

/** How many runs of a study are where. */
export interface StudyCounts {
  readonly planned: number;
  readonly finished: number;
  /** Those without test scores included. */
  readonly failed: number;
  /** How many had a loss, score or reading that was not finite; most of them failed. */
  readonly diverged?: number;
  readonly active: number;
}

/** What of a study its texts are made of; `TrackedStudy` is one. */
export interface DescribedStudy {
  readonly title: string;
  readonly state: StudyState;
  readonly study: Study;
  readonly counts: StudyCounts;
  /** Name of the machine that runs it, if that is not this one. */
  readonly elsewhere?: string | undefined;
}

/** Codicon and theme colour of a study's state; the icons differ in shape, so that colour is not the only cue. */
export const studyIcons: Readonly<Record<StudyState, { readonly icon: string; readonly color: string }>> = {
  new: { icon: 'beaker', color: 'descriptionForeground' },
  running: { icon: 'sync~spin', color: 'charts.blue' },
  finished: { icon: 'pass-filled', color: 'charts.green' },
  incomplete: { icon: 'circle-large-outline', color: 'charts.yellow' },
  stopped: { icon: 'stop-circle', color: 'descriptionForeground' },
  failed: { icon: 'error', color: 'charts.red' },
  interrupted: { icon: 'warning', color: 'charts.orange' },
};

/** `12/36 runs`, with the number of failed ones. */
export function countText({ planned, finished, failed, diverged = 0 }: StudyCounts): string {
  const runs = `${finished}/${planned} ${planned === 1 ? 'run' : 'runs'}`;
  return failed > 0 ? `${runs} · ${failed} failed${diverged > 0 ? `, ${diverged} diverged` : ''}` : runs;
}

/** The gray text behind a study's name in the tree. */
export function studyDescription({ counts, study, state, elsewhere }: DescribedStudy, now: number): string {
  const where = elsewhere === undefined ? '' : `${state} on ${oneLine(elsewhere, 40)} · `;
  return `${where}${countText(counts)}${study.lastTime === undefined ? '' : ` · ${ageText(now - study.lastTime)}`}`;
}

/** The tooltip of a study in the tree, as plain text. */
export function studyTooltip({ title, state, study, counts, elsewhere }: DescribedStudy): string {
  const waiting = Object.values(study.waiting)[0];
  return [
    title,
    `State: ${state}${elsewhere === undefined ? '' : ` on ${oneLine(elsewhere, 60)}`}`,
    study.ended?.error ? `Error: ${oneLine(study.ended.error.message, 300)}` : '',
    `Runs: ${counts.finished} of ${counts.planned} finished, ${counts.active} active, ${counts.failed} failed${counts.diverged ? ` (${counts.diverged} diverged)` : ''}`,
    waiting === undefined ? '' : `Waiting: ${oneLine(waiting, 200)}`,
    study.firstTime === undefined ? '' : `Started: ${new Date(study.firstTime).toLocaleString()}`,
  ].filter((part) => part !== '').join('\n');
}

/** What a screen reader says instead of icon, label and description. */
export function spokenStudy(study: DescribedStudy, now: number): string {
  return `Study ${study.title}, ${study.state}, ${studyDescription(study, now).replaceAll(' · ', ', ')}`;
}

/** Status bar text for the active studies, e.g. `$(sync~spin) udi study · 12/36`; undefined if none. */
export function studyStatus(active: readonly DescribedStudy[]): string | undefined {
  const first = active[0];
  if (!first) return undefined;
  const more = active.length > 1 ? ` (+${active.length - 1})` : '';
  return `$(sync~spin) udi study · ${first.counts.finished}/${first.counts.planned}${more}`;
}

/** The sentence of the notification when a study is active no longer. */
export function studyEndText({ title, state, study, counts }: DescribedStudy): string {
  const name = `Study ${plainText(title)}`;
  switch (state) {
    case 'finished': return `${name} finished: ${counts.planned} ${counts.planned === 1 ? 'run' : 'runs'}.`;
    case 'incomplete': {
      const died = Object.values(study.died)[0];
      return `${name} is incomplete: ${countText(counts)}.${died === undefined ? '' : ` ${plainText(oneLine(died, 500))}`}`;
    }
    case 'new': return `${name} did not start: its supervisor has ended without a word.`;
    case 'interrupted': return `${name} was interrupted: its supervisor has ended without a word.`;
    case 'failed': {
      const error = study.ended?.error;
      const reason = [error?.message ?? 'no reason given', error?.hint ?? ''].join(' ');
      return `${name} failed: ${plainText(oneLine(reason, 500))}`;
    }
    default: return `${name} was stopped: ${countText(counts)}.`;
  }
}
