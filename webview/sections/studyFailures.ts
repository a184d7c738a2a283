import type { FromStudyPanel, StudyRunView, StudyView } from '../../src/core/protocol.ts';
import { createButton } from '../components.ts';
import { createDetails } from '../details.ts';
import { element, setText, show, syncChildren } from '../dom.ts';
import { whyNoStart } from '../studyCells.ts';
import type { ViewStore } from '../viewState.ts';
import { stateWords } from '../words.ts';
import type { Section } from './section.ts';

/** Runs that ended without a result, with their reasons. */
export function createStudyFailures(store: ViewStore, post: (message: FromStudyPanel) => void): Section<StudyView> {
  const details = createDetails('failures', 'Failed runs', 'section', true, store);
  const heading = details.summary.firstElementChild!;
  const list = element('ul', { class: 'plain' });
  let keys: readonly string[] = [];
  const again = createButton('Run these again', 'secondary', () => post({ type: 'run', keys: [...keys] }));
  details.body.append(list, element('div', { class: 'buttons' }, [again.root]));
  return {
    root: details.root,
    update(view) {
      const failed = view.runs.filter(({ state }) => state === 'failed' || state === 'cancelled' || state === 'interrupted');
      show(details.root, failed.length > 0);
      setText(heading, `Failed runs (${failed.length})`);
      const items = syncChildren(
        list,
        failed,
        ({ key, run }) => `${key} ${run ?? ''}`,
        (run) => element('li', {}, [runName(run, post), element('span')]),
      );
      failed.forEach((run, index) => setText(items[index]!.lastElementChild!, ` – ${reasonOf(run)}`));
      keys = failed.map(({ key }) => key);
      const reason = whyNoStart(view);
      again.update({ disabled: reason !== undefined, title: reason });
    },
  };
}

/** The label of a run, as a link where its folder exists. */
export function runName({ label, run }: StudyRunView, post: (message: FromStudyPanel) => void): HTMLElement {
  if (run === undefined) return element('span', {}, [label]);
  const button = element('button', { type: 'button', class: 'link', 'data-run': run, title: 'Open this run' }, [label]);
  button.addEventListener('click', () => post({ type: 'openRun', id: run }));
  return button;
}

function reasonOf({ state, message }: StudyRunView): string {
  const word = state === 'missing' ? state : stateWords[state].label;
  return message === undefined ? `${word}; its log may say why.` : `${word}: ${message}`;
}
