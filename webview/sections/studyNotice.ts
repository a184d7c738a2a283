import type { StudyView } from '../../src/core/protocol.ts';
import { element, setAttribute, setText, show } from '../dom.ts';
import type { Section } from './section.ts';

/** Says why a study does not go on, where that is not plain from its state. */
export function createStudyNotice(): Section<StudyView> {
  const title = element('strong');
  const message = element('p', { class: 'message' });
  const hint = element('p');
  const root = element('div', { class: 'notice' }, [title, message, hint]);
  return {
    root,
    update(view) {
      const text = noticeOf(view);
      show(root, text !== undefined);
      if (!text) return;
      setAttribute(root, 'data-state', view.error ? 'failed' : view.state);
      setText(title, text.title);
      setText(message, text.message);
      setText(hint, text.hint ?? '');
      show(hint, text.hint !== undefined);
    },
  };
}

/** The notice of a study; none where its badge and its list of failed runs say it all. */
export function noticeOf({
  state,
  error,
  trusted,
}: StudyView): { readonly title: string; readonly message: string; readonly hint?: string } | undefined {
  if (error) return { title: 'The study failed.', ...error };
  if (state === 'interrupted')
    return {
      title: 'The study was interrupted.',
      message: 'Its supervisor is gone without an end in the journal: the process was killed, or the machine went down.',
      hint: 'Run missing goes on where it was; finished runs are not trained again.',
    };
  if (!trusted)
    return {
      title: 'This workspace is in Restricted Mode.',
      message: 'Results can be read; trust the workspace to train here.',
    };
  return undefined;
}
