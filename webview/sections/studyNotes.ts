import type { StudyView } from '../../src/core/protocol.ts';
import { element, setText, show, syncChildren } from '../dom.ts';
import type { Section } from './section.ts';

/** What the study leaves out, e.g. methods that do not take the dataset's modalities, with the reasons. */
export function createStudyNotes(): Section<StudyView> {
  const root = element('ul', { class: 'plain', 'aria-label': 'Left out of this study' });
  return {
    root,
    update({ notes = [] }) {
      show(root, notes.length > 0);
      const items = syncChildren(root, notes, (note) => note, () => element('li'));
      notes.forEach((note, index) => setText(items[index]!, note));
    },
  };
}
