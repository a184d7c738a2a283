import type { FromRunPanel, Metric, RunView, TestScores } from '../../src/core/protocol.ts';
import { createButton } from '../components.ts';
import { createDetails } from '../details.ts';
import { element, setAttribute, setText, show } from '../dom.ts';
import { count, formatted, NONE, percent, type Format } from '../../src/core/format.ts';
import { createTable, type Cell, type TableModel } from '../tables.ts';
import type { ViewStore } from '../viewState.ts';
import { metricsOf, scoreOf } from '../../src/core/run/metrics.ts';
import { FUSION } from '../../src/core/run/targets.ts';
import { modalitiesOf, orderTargets } from '../words.ts';
import type { Section } from './section.ts';

/** Final scores on the test split, and the recall of every class. */
export function createResults(store: ViewStore, post: (message: FromRunPanel) => void): Section<RunView> {
  const details = createDetails('results', 'Test results', 'section', true, store);
  const selected = element('span', { class: 'badge' });
  const size = element('span', { class: 'note' });
  const scores = createTable('data scores');
  const recalls = createTable('data recall');
  const byClass = element('div', {}, [element('h3', {}, ['Recall by class']), recalls.root]);
  let shown: { readonly model: TableModel; readonly footnote: string } | undefined;
  const copy = createButton('Copy as Markdown', 'secondary', () => {
    if (shown) post({ type: 'copy', text: `${markdown(shown.model)}\n\n${shown.footnote}\n` });
  });
  details.body.append(
    element('div', { class: 'badge-row' }, [selected, size]),
    element('div', { class: 'columns' }, [
      element('div', {}, [element('h3', {}, ['Scores']), scores.root, copy.root]),
      byClass,
    ]),
  );
  return {
    root: details.root,
    update({ run }) {
      show(details.root, run.test !== undefined);
      if (!run.test) return;
      const targets = orderTargets(Object.keys(run.test), modalitiesOf(run));
      setText(selected, `selected on ${run.selectedOn ?? 'validation'}`);
      setAttribute(selected, 'data-selected', run.selectedOn ?? 'validation');
      setText(size, run.started ? `${count(run.started.dataset.sizes.test)} test samples` : '');
      const model = scoreTable(run.test, targets, metricsOf(run));
      shown = { model, footnote: `Epochs selected on ${run.selectedOn ?? 'validation'}.` };
      scores.update(model);
      const recall = recallTable(run.test, targets, run.started?.dataset.classes ?? []);
      show(byClass, recall.rows.length > 0);
      recalls.update(recall);
    },
  };
}

/** What was measured beside the metrics, where a run has it. */
const further = [
  { id: 'loss', label: 'Loss', format: 'loss' },
  { id: 'entropy', label: 'Entropy', format: 'entropy' },
] as const;

function scoreTable(test: Readonly<Record<string, TestScores>>, targets: readonly string[], metrics: readonly Metric[]): TableModel {
  const columns: readonly { readonly id: string; readonly label: string; readonly format: Format }[] = [
    ...metrics.map((metric) => ({ id: metric.id, label: metric.label, format: metric })),
    ...further.filter(({ id }) =>
      !metrics.some((metric) => metric.id === id) && targets.some((target) => scoreOf(test[target], id) !== undefined)),
  ];
  return {
    caption: 'Scores on the test split',
    head: [[{ text: '', scope: 'col' }, ...columns.map(({ label }): Cell => ({ text: label, scope: 'col' }))]],
    rows: targets.map((target) => [
      { text: target, scope: 'row', class: target === FUSION ? 'strong' : undefined },
      ...columns.map(({ id, format }): Cell => {
        const value = scoreOf(test[target], id);
        return {
          text: value === undefined ? NONE : formatted(value, format),
          class: target === FUSION ? 'strong' : undefined,
          data: { target, metric: id, ...(value === undefined ? {} : { value: String(value) }) },
        };
      }),
    ]),
  };
}

function recallTable(
  test: Readonly<Record<string, TestScores>>,
  targets: readonly string[],
  classes: readonly string[],
): TableModel {
  const rows = Math.max(0, ...targets.map((target) => test[target]?.recall?.length ?? 0));
  return {
    caption: 'Recall of every class on the test split',
    head: [[{ text: 'Class', scope: 'col' }, ...targets.map((target): Cell => ({ text: target, scope: 'col' }))]],
    rows: Array.from({ length: rows }, (_, index) => [
      { text: classes[index] ?? String(index), scope: 'row' },
      ...targets.map((target): Cell => {
        const value = test[target]?.recall?.[index];
        if (value === undefined) return { text: NONE, data: { target, metric: 'recall', class: String(index) } };
        return {
          text: percent(value),
          heat: value,
          data: { target, metric: 'recall', class: String(index), value: String(value) },
        };
      }),
    ]),
  };
}

/** The table as it stands on the page. A name may hold what Markdown would take for the end of a cell. */
function markdown({ head, rows }: TableModel): string {
  const line = (cells: readonly Cell[]) => `| ${cells.map(({ text }) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [...head.map(line), `|${' --- |'.repeat(head[0]?.length ?? 0)}`, ...rows.map(line)].join('\n');
}
