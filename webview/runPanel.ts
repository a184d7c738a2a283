import type { FromRunPanel, RunView } from '../src/core/protocol.ts';
import { headlineOf } from '../src/core/run/run.ts';
import { createAnnouncer } from './announcer.ts';
import { runCharts } from './charts/index.ts';
import { registerComponents } from './components.ts';
import { connect, type Connection } from './connection.ts';
import { metricText } from '../src/core/format.ts';
import { createAbout } from './sections/about.ts';
import { createRunChartSection } from './sections/chartSection.ts';
import { createConfusion } from './sections/confusion.ts';
import { createHeader, type Action } from './sections/header.ts';
import { createNotice, noticeText } from './sections/notice.ts';
import { createResults } from './sections/results.ts';
import { createViewStore, keepScroll } from './viewState.ts';
import { openStage, stateWords } from './words.ts';

/** How often the times in the header move on while nothing arrives. */
const TICK = 1000;

registerComponents();
connect<RunView, FromRunPanel>({ type: 'ready' }, createPanel);

function createPanel(connection: Connection<FromRunPanel>): (view: RunView) => void {
  const app = document.getElementById('app')!;
  const store = createViewStore(connection);
  const restoreScroll = keepScroll(store);
  const announcer = createAnnouncer();
  const post = (action: Action) => connection.post({ type: 'action', action });
  const header = createHeader(post);
  const notice = createNotice(post);
  const sections = [
    createResults(store, connection.post),
    ...runCharts.map((chart) => createRunChartSection(chart, store)),
    createConfusion(store),
    createAbout(store),
  ];
  let drawn: { readonly seq: number; readonly state: string; readonly id: string } | undefined;
  let latest: RunView | undefined;
  window.setInterval(() => {
    if (latest?.state === 'running') header.update(latest);
  }, TICK);

  return (view) => {
    latest = view;
    header.update(view);
    notice.update(view);
    // Progress comes several times a second and is only in the header: the charts wait for the next event.
    if (drawn?.seq !== view.run.lastSeq || drawn.state !== view.state || drawn.id !== view.id) {
      for (const section of sections) section.update(view);
      drawn = { seq: view.run.lastSeq, state: view.state, id: view.id };
    }
    if (app.childElementCount === 0)
      app.append(announcer.root, header.root, notice.root, ...sections.map(({ root }) => root));
    if (store.state.runs[0] !== view.id) store.change({ runs: [view.id] });
    announcer.say(announcement(view));
    restoreScroll();
  };
}

/** What a screen reader is told of: the state, and the newest epoch. */
function announcement(view: RunView): string {
  const stage = openStage(view.run);
  const newest = headlineOf(view.run);
  const score = newest ? `: ${newest.target} ${metricText(newest.value, newest.metric)} on ${newest.split}` : '';
  const epoch =
    stage && stage.epochs.length > 0
      ? ` ${stage.id}, epoch ${stage.epochs.length} of ${stage.plannedEpochs}${score}.`
      : '';
  const reason = noticeText(view)?.message;
  return `${view.title}: ${stateWords[view.state].label}.${epoch}${reason ? ` ${reason}` : ''}`;
}
