import type { RunView } from '../../src/core/protocol.ts';
import { createChartView, type ChartView } from '../chartView.ts';
import type { Chart } from '../charts/plot.ts';
import { createDropdownChoice } from '../components.ts';
import { createDetails } from '../details.ts';
import { show } from '../dom.ts';
import { onThemeChange } from '../theme.ts';
import type { ViewStore } from '../viewState.ts';
import type { Section } from './section.ts';

/** The option of the stage selector that stands for all of them. */
const ALL = 'all';

/** A section with a chart in it, for those who add to it. */
export interface ChartSection<Source> extends Section<Source> {
  readonly summary: HTMLElement;
  readonly body: HTMLElement;
  readonly view: ChartView<Source>;
}

/** A chart as a section that can be folded away; it is not shown where the chart makes no sense. */
export function createChartSection<Source>(chart: Chart<Source>, store: ViewStore): ChartSection<Source> {
  const details = createDetails(chart.id, chart.title, 'section', true, store);
  const view = createChartView(chart, store);
  details.body.append(view.root);
  onThemeChange(view.recolor);
  const { root, summary, body } = details;
  return { root, summary, body, view, update: (source) => show(root, view.update(source)) };
}

/** A chart of a run; those with `byStage` get a selector of the stage. */
export function createRunChartSection(chart: Chart<RunView>, store: ViewStore): Section<RunView> {
  const section = createChartSection(chart, store);
  if (!chart.byStage) return section;
  const key = `stage:${chart.id}`;
  let last: RunView | undefined;
  const choice = createDropdownChoice('Stage', (stage) => {
    store.change({ choices: { ...store.state.choices, [key]: stage } });
    if (last) update(last);
  });
  section.body.prepend(choice.root);

  function update(view: RunView): void {
    last = view;
    const stages = view.run.stages.filter((stage) => stage.epochs.length > 0).map((stage) => stage.id);
    const stored = store.state.choices[key];
    const chosen = stored !== undefined && stages.includes(stored) ? stored : ALL;
    // One stage leaves nothing to choose: "all" beside it would be the same picture.
    const options =
      stages.length > 1 ? [{ id: ALL, label: 'all stages' }, ...stages.map((id) => ({ id, label: id }))] : [];
    choice.update(options, chosen);
    section.update(
      chosen === ALL
        ? view
        : { ...view, run: { ...view.run, stages: view.run.stages.filter(({ id }) => id === chosen) } },
    );
  }
  return { root: section.root, update };
}
