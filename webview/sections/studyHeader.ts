import type { FromStudyPanel, StudyRunView, StudyView } from '../../src/core/protocol.ts';
import { createButton } from '../components.ts';
import { element, setAttribute, setText, show, syncChildren } from '../dom.ts';
import { progressText, studyProgress } from '../studyProgress.ts';
import { studyStateWords } from '../words.ts';
import { createStateBadge } from './header.ts';
import type { Section } from './section.ts';
import { runName } from './studyFailures.ts';

/** Name, state, actions and progress of a study, and what it is doing now. */
export function createStudyHeader(post: (message: FromStudyPanel) => void): Section<StudyView> {
  const title = element('h1');
  const badge = createStateBadge(studyStateWords);
  const run = createButton('Run missing', 'primary', () => post({ type: 'run' }), { action: 'run' });
  const stop = createButton('Stop', 'secondary', () => post({ type: 'stop' }), { action: 'stop' });
  const file = createButton('Open study file', 'secondary', () => post({ type: 'openFile' }), { action: 'openFile' });
  const fill = element('div', { class: 'fill' });
  const bar = element('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Runs', 'aria-valuemin': '0' }, [fill]);
  const text = element('p', { class: 'progress-text' });
  const now = element('ul', { class: 'plain now', 'aria-label': 'Now' });
  return {
    root: element('header', {}, [
      element('div', { class: 'title-row' }, [title, badge.root]),
      element('div', { class: 'button-row' }, [
        element('div', { class: 'buttons', role: 'group', 'aria-label': 'Control' }, [run.root, stop.root]),
        element('div', { class: 'buttons' }, [file.root]),
      ]),
      element('div', {}, [bar, text]),
      now,
    ]),
    update(view) {
      const progress = studyProgress(view, Date.now());
      setText(title, view.title);
      badge.update(view);
      const reason = whyNotRun(view, progress.open);
      run.update({ disabled: reason !== undefined, title: reason ?? 'Train what has no result yet' });
      const whyNot = whyNotStop(view);
      stop.update({ disabled: whyNot !== undefined, title: whyNot ?? 'Stop the study; what its runs have so far is kept' });
      setAttribute(bar, 'data-state', view.state);
      setAttribute(bar, 'aria-valuemax', String(progress.planned));
      setAttribute(bar, 'aria-valuenow', String(progress.finished));
      setAttribute(bar, 'aria-valuetext', `${progress.finished} of ${progress.planned} runs finished`);
      fill.style.width = `${(progress.share * 100).toFixed(2)}%`;
      setText(text, progressText(view, Date.now()));
      updateNow(now, view, post);
    },
  };
}

function whyNotRun(view: StudyView, open: number): string | undefined {
  if (!view.trusted) return 'This workspace is in Restricted Mode: trust it to train here.';
  if (view.state === 'running') return 'The study is running.';
  return open === 0 ? 'Nothing is missing.' : undefined;
}

function whyNotStop({ state, elsewhere }: StudyView): string | undefined {
  if (state !== 'running') return 'The study is not running.';
  return elsewhere === undefined ? undefined : `The study is run on ${elsewhere}: stop it there.`;
}

/** The runs that are being trained, and those that wait for a reason. */
function updateNow(list: HTMLElement, { runs, state }: StudyView, post: (message: FromStudyPanel) => void): void {
  const waits = (run: StudyRunView) => state === 'running' && run.state === 'missing' && run.message !== undefined;
  const shown = runs.filter((run) => run.state === 'running' || run.state === 'paused' || waits(run));
  show(list, shown.length > 0);
  const items = syncChildren(
    list,
    shown,
    ({ key, run }) => `${key} ${run ?? ''}`,
    (run) => element('li', {}, [runName(run, post), element('span', { class: 'note' })]),
  );
  shown.forEach((run, index) => setText(items[index]!.lastElementChild!, ` ${nowText(run)}`));
}

function nowText({ state, done, planned, message }: StudyRunView): string {
  if (state === 'missing') return `waits: ${message ?? ''}`;
  const epochs = planned === undefined ? 'reading data' : `${done ?? 0} of ${planned} epochs`;
  return state === 'paused' ? `paused, ${epochs}` : epochs;
}
