import type { FromStudyPanel, StudyTable, StudyView } from '../../src/core/protocol.ts';
import { pngOf, textMeasure } from '../chartPicture.ts';
import { FONT_SIZE } from '../charts/chartParts.ts';
import { figureSvg } from '../charts/figureSvg.ts';
import { studyCharts } from '../charts/index.ts';
import type { Chart } from '../charts/plot.ts';
import type { StudySource } from '../charts/studyLines.ts';
import { createButton, createDropdownChoice } from '../components.ts';
import { element, show } from '../dom.ts';
import { readTheme } from '../theme.ts';
import type { ViewStore } from '../viewState.ts';
import { selectionWords } from '../words.ts';
import { createChartSection } from './chartSection.ts';
import type { Section } from './section.ts';
import { createSelectionBadge } from './selectionBadge.ts';

/** Where the chosen table is stored. */
const KEY = 'chartTable';

type Post = (message: FromStudyPanel) => void;

/** The charts of one table of the study, which a selector chooses. */
export function createStudyCharts(store: ViewStore, post: Post): Section<StudyView> {
  const charts = studyCharts.map((chart) => createStudyChart(chart, store, post));
  let last: StudyView | undefined;
  const choice = createDropdownChoice('Charts of', (table) => {
    store.change({ choices: { ...store.state.choices, [KEY]: table } });
    if (last) update(last);
  });
  const root = element('div', { class: 'study-charts' }, [choice.root, ...charts.map((chart) => chart.root)]);

  function update(view: StudyView): void {
    last = view;
    const { tables } = view;
    const table = tables.find(({ id }) => id === store.state.choices[KEY]) ?? tables[0];
    show(root, table !== undefined);
    if (!table) return;
    choice.update(
      tables.map(({ id, title }) => ({ id, label: title })),
      table.id,
    );
    for (const chart of charts) chart.update({ study: view.title, source: { table, curves: view.curves } });
  }
  return { root, update };
}

/** A chart with its badge and the buttons that store it as a picture. */
function createStudyChart(
  chart: Chart<StudySource>,
  store: ViewStore,
  post: Post,
): Section<{ readonly study: string; readonly source: StudySource }> {
  const section = createChartSection(chart, store);
  const badge = createSelectionBadge();
  let names: { readonly study: string; readonly table: StudyTable } | undefined;
  const buttons = element('div', { class: 'buttons', role: 'group', 'aria-label': `Save ${chart.title} as` }, [
    element('span', { 'aria-hidden': 'true' }, ['Save as']),
    createButton('PNG', 'secondary', () => void save('png'), { save: 'png' }).root,
    createButton('SVG', 'secondary', () => void save('svg'), { save: 'svg' }).root,
  ]);
  section.summary.append(' ', badge.root);
  section.body.append(buttons);

  async function save(format: 'png' | 'svg'): Promise<void> {
    if (!names) return;
    const { study, table } = names;
    const theme = readTheme();
    const { figure, hidden } = section.view.current();
    const picture = figureSvg(figure, {
      title: `${chart.title}: ${table.title}`,
      subtitle: `${study}; ${selectionWords[table.selectedOn]}`,
      theme,
      hidden,
      measure: textMeasure(theme.fontFamily, FONT_SIZE),
    });
    const data = format === 'svg' ? picture.svg : await pngOf(picture);
    post({ type: 'saveChart', name: `${study} ${table.id} ${chart.title}`, format, data });
  }

  return {
    root: section.root,
    update({ study, source }) {
      names = { study, table: source.table };
      badge.update(source.table);
      section.update(source);
      show(buttons, section.view.current().figure.plots.length > 0);
    },
  };
}
