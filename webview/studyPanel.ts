import type { FromStudyPanel, StudyView } from '../src/core/protocol.ts';
import { createAnnouncer } from './announcer.ts';
import { registerComponents } from './components.ts';
import { connect, type Connection } from './connection.ts';
import { element, syncChildren } from './dom.ts';
import { createStudyCharts } from './sections/studyCharts.ts';
import { createStudyFailures } from './sections/studyFailures.ts';
import { createStudyHeader } from './sections/studyHeader.ts';
import { createStudyNotice, noticeOf } from './sections/studyNotice.ts';
import { createStudyNotes } from './sections/studyNotes.ts';
import { createStudyTable } from './sections/studyTable.ts';
import { failedText, studyProgress } from './studyProgress.ts';
import { createViewStore, keepScroll } from './viewState.ts';
import { studyStateWords } from './words.ts';

/** How often the times in the header move on while nothing arrives. */
const TICK = 1000;

registerComponents();
connect<StudyView, FromStudyPanel>({ type: 'ready' }, createPanel);

function createPanel(connection: Connection<FromStudyPanel>): (view: StudyView) => void {
  const app = document.getElementById('app')!;
  const store = createViewStore(connection);
  const restoreScroll = keepScroll(store);
  const announcer = createAnnouncer();
  const header = createStudyHeader(connection.post);
  const notice = createStudyNotice();
  const notes = createStudyNotes();
  const tables = new Map<string, ReturnType<typeof createStudyTable>>();
  const tableList = element('div');
  const charts = createStudyCharts(store, connection.post);
  const failures = createStudyFailures(store, connection.post);
  let latest: StudyView | undefined;
  let drawn = '';
  window.setInterval(() => {
    if (latest?.state === 'running') header.update(latest);
  }, TICK);

  function updateTables(view: StudyView): void {
    syncChildren(
      tableList,
      view.tables,
      ({ id }) => id,
      (table) => {
        const section = createStudyTable(table, store, connection.post);
        tables.set(table.id, section);
        return section.root;
      },
    );
    for (const table of view.tables) tables.get(table.id)!.update({ view, table });
  }

  return (view) => {
    latest = view;
    header.update(view);
    notice.update(view);
    notes.update(view);
    updateTables(view);
    failures.update(view);
    // While runs go on their epochs change and little else: charts are drawn again when their numbers are new.
    const numbers = JSON.stringify([view.title, view.tables, view.curves]);
    if (numbers !== drawn) charts.update(view);
    drawn = numbers;
    if (app.childElementCount === 0)
      app.append(announcer.root, header.root, notice.root, tableList, notes.root, charts.root, failures.root);
    if (store.state.runs[0] !== view.id) store.change({ runs: [view.id] });
    announcer.say(announcement(view));
    restoreScroll();
  };
}

/** What a screen reader is told of: the state, and how many runs are done. */
function announcement(view: StudyView): string {
  const { finished, planned, failed, diverged } = studyProgress(view, Date.now());
  const reason = noticeOf(view)?.message;
  return [
    `${view.title}: ${studyStateWords[view.state].label}.`,
    `${finished} of ${planned} runs finished${failed > 0 ? `, ${failedText(failed, diverged)}` : ''}.`,
    ...(reason === undefined ? [] : [reason]),
  ].join(' ');
}
