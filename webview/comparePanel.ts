import type { CompareView, FromComparePanel } from '../src/core/protocol.ts';
import { compareCharts } from './charts/index.ts';
import { registerComponents } from './components.ts';
import { connect, type Connection } from './connection.ts';
import { element, setText } from './dom.ts';
import { createChartSection } from './sections/chartSection.ts';
import { createCompareTable } from './sections/compareTable.ts';
import { createViewStore, keepScroll } from './viewState.ts';

registerComponents();
connect<CompareView, FromComparePanel>({ type: 'ready' }, createPanel);

function createPanel(connection: Connection<FromComparePanel>): (view: CompareView) => void {
  const app = document.getElementById('app')!;
  const store = createViewStore(connection);
  const restoreScroll = keepScroll(store);
  const title = element('h1');
  const sections = [
    createCompareTable(store, connection.post),
    ...compareCharts.map((chart) => createChartSection(chart, store)),
  ];

  return (view) => {
    setText(title, `Compare ${view.runs.length} runs`);
    for (const section of sections) section.update(view);
    if (app.childElementCount === 0) app.append(element('header', {}, [title]), ...sections.map(({ root }) => root));
    const runs = view.runs.map(({ id }) => id);
    if (JSON.stringify(runs) !== JSON.stringify(store.state.runs)) store.change({ runs });
    restoreScroll();
  };
}
