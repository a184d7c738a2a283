import type { StudyTable } from '../../src/core/protocol.ts';
import { element, setAttribute, setText } from '../dom.ts';
import { selectionWords } from '../words.ts';
import type { Section } from './section.ts';

/** Says on which split the reported epochs were selected, on every table and chart of a study. */
export function createSelectionBadge(): Section<Pick<StudyTable, 'selectedOn'>> {
  const root = element('span', { class: 'badge' });
  return {
    root,
    update({ selectedOn }) {
      setAttribute(root, 'data-selected', selectedOn);
      setText(root, selectionWords[selectedOn]);
    },
  };
}
