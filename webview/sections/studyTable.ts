import type { FromStudyPanel, StudyTable, StudyView } from '../../src/core/protocol.ts';
import { cellOf } from '../../src/core/study/studyCells.ts';
import { createButton } from '../components.ts';
import { createDetails } from '../details.ts';
import { element, setText, show, syncChildren } from '../dom.ts';
import { createTable } from '../tables.ts';
import type { ViewStore } from '../viewState.ts';
import { createCellRuns } from './cellRuns.ts';
import type { Section } from './section.ts';
import { createSelectionBadge } from './selectionBadge.ts';
import { createStudyComparisons } from './studyComparisons.ts';
import { legendOf, paperNotes, studyTableModel, type CellPlace } from './studyTableModel.ts';

const formats = [
  ['csv', 'CSV'],
  ['markdown', 'Markdown'],
  ['latex', 'LaTeX'],
] as const;

/** What a table is drawn from. */
interface Source {
  readonly view: StudyView;
  readonly table: StudyTable;
}

/** One table of results with its legend, notes, exports and comparisons. */
export function createStudyTable(
  { id, title }: StudyTable,
  store: ViewStore,
  post: (message: FromStudyPanel) => void,
): Section<Source> {
  const openKey = `cell:${id}`;
  const details = createDetails(`study:${id}`, title, 'section', true, store);
  const badge = createSelectionBadge();
  const table = createTable('data study');
  const legend = element('p', { class: 'note' });
  const paperNote = element('p', { class: 'note' });
  const notes = element('ol', { class: 'notes', 'aria-label': 'Notes on the published numbers' });
  const comparisons = createStudyComparisons(id, store);
  const runs = createCellRuns(post, () => {
    // The focus goes back to where the list was opened, before the list is gone.
    table.root.querySelector<HTMLElement>('button[aria-expanded="true"]')?.focus();
    open(undefined);
  });
  let last: Source | undefined;

  details.summary.append(' ', badge.root);
  details.body.append(
    table.root,
    legend,
    paperNote,
    notes,
    element('div', { class: 'button-row' }, [
      exportButtons('Copy as', (format) => post({ type: 'copyTable', table: id, format })),
      exportButtons('Save as', (format) => post({ type: 'saveTable', table: id, format })),
    ]),
    comparisons.root,
  );

  function open(place: CellPlace | undefined): void {
    store.change({ choices: { ...store.state.choices, [openKey]: place ? JSON.stringify(place) : '' } });
    if (last) update(last);
  }

  function update(source: Source): void {
    last = source;
    const { view, table: shown } = source;
    const place = openPlace(store.state.choices[openKey], shown);
    badge.update(shown);
    if (place) {
      const row = shown.rows.find((each) => each.id === place.row)!;
      const metric = shown.metrics.find(({ id: each }) => each === place.metric)!;
      runs.update(view, row, cellOf(row, place.target, place.metric)!, metric);
    }
    table.update(
      studyTableModel(shown, {
        view,
        open: place,
        runs: runs.root,
        onOpen: (next) => open(JSON.stringify(next) === JSON.stringify(place) ? undefined : next),
        onRun: (keys) => post({ type: 'run', keys: [...keys] }),
      }),
    );
    setText(legend, legendOf(shown));
    setText(paperNote, shown.paperNote ?? '');
    show(paperNote, shown.paperNote !== undefined);
    const texts = paperNotes(shown);
    syncChildren(
      notes,
      texts,
      (text) => text,
      (text) => element('li', {}, [text]),
    );
    show(notes, texts.length > 0);
    comparisons.update(shown);
  }
  return { root: details.root, update };
}

function exportButtons(label: string, press: (format: (typeof formats)[number][0]) => void): HTMLElement {
  return element('div', { class: 'buttons', role: 'group', 'aria-label': `${label} …` }, [
    element('span', { 'aria-hidden': 'true' }, [label]),
    ...formats.map(
      ([format, name]) => createButton(name, 'secondary', () => press(format), { export: `${label} ${format}` }).root,
    ),
  ]);
}

/** The stored place, if the table still has such a cell with a result. */
function openPlace(stored: string | undefined, table: StudyTable): CellPlace | undefined {
  for (const row of table.rows) {
    for (const { target, metric, values } of row.cells) {
      const place = { row: row.id, target, metric };
      if (values.length > 0 && stored === JSON.stringify(place)) return place;
    }
  }
  return undefined;
}
