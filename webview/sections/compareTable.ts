import type { CompareView, FromComparePanel, ScoreRow } from '../../src/core/protocol.ts';
import { distinctTitles } from '../../src/core/run/compare.ts';
import { createButton } from '../components.ts';
import { createDetails } from '../details.ts';
import { element, setText } from '../dom.ts';
import { metricText, NONE } from '../../src/core/format.ts';
import { createTable, type Cell, type TableModel } from '../tables.ts';
import type { ViewStore } from '../viewState.ts';
import { stateWords } from '../words.ts';
import type { Section } from './section.ts';

const formats = [
  ['csv', 'CSV'],
  ['markdown', 'Markdown'],
  ['latex', 'LaTeX'],
] as const;

/** What differs between the runs and how they scored, one column per run. */
export function createCompareTable(store: ViewStore, post: (message: FromComparePanel) => void): Section<CompareView> {
  const details = createDetails('table', 'Runs', 'section', true, store);
  const table = createTable('data compare');
  const note = element('p', { class: 'note' });
  const copies = formats.map(
    ([format, label]) => createButton(label, 'secondary', () => post({ type: 'copyTable', format }), { format }).root,
  );
  details.body.append(
    table.root,
    note,
    element('div', { class: 'buttons', role: 'group', 'aria-label': 'Copy table as' }, [
      element('span', { 'aria-hidden': 'true' }, ['Copy as']),
      ...copies,
    ]),
  );
  return {
    root: details.root,
    update(view) {
      table.update(compareTable(view, post));
      setText(note, `★ best of the row. Scores are on the test split; ${selection(view.runs)}.`);
    },
  };
}

/** On which split the compared weights were selected: a run that used the test split must not pass unnoticed. */
function selection(runs: CompareView['runs']): string {
  const labels = distinctTitles(runs);
  const onTest = labels.filter((_, index) => runs[index]?.run.selectedOn === 'test');
  return onTest.length === 0
    ? 'weights were selected on validation'
    : `the weights of ${onTest.join(', ')} were selected on test, those of the others on validation`;
}

function compareTable({ runs, changed, scores }: CompareView, post: (message: FromComparePanel) => void): TableModel {
  const width = runs.length + 1;
  const labels = distinctTitles(runs);
  const group = (text: string): Cell[] => [{ text, scope: 'rowgroup', span: width, class: 'group' }];
  const nothing = (text: string): Cell[] => [{ text, span: width, class: 'text' }];
  return {
    caption: 'Compared runs',
    head: [
      [
        { text: 'Run', scope: 'col' },
        ...runs.map(({ id, title }, index): Cell => ({
          text: labels[index]!,
          scope: 'col',
          title: `Open ${title}`,
          data: { run: id },
          action: () => post({ type: 'openRun', id }),
        })),
      ],
    ],
    rows: [
      [
        { text: 'state', scope: 'row' },
        ...runs.map(({ id, state }): Cell => ({
          text: stateWords[state].label,
          class: 'text',
          data: { run: id, state },
        })),
      ],
      group('Config, changed keys only'),
      ...changed.map(({ key, values }): Cell[] => [
        { text: key, scope: 'row', class: 'key' },
        ...runs.map(({ id }, index): Cell => ({ text: values[index] || NONE, class: 'text', data: { run: id, key } })),
      ]),
      ...(changed.length === 0 ? [nothing('The configs do not differ.')] : []),
      group('Test scores'),
      ...scores.map((row) => scoreRow(row, runs)),
      ...(scores.length === 0 ? [nothing('No run has test scores yet.')] : []),
    ],
  };
}

function scoreRow({ target, metric, values, best }: ScoreRow, runs: CompareView['runs']): Cell[] {
  return [
    { text: `${target} ${metric.label}${metric.better === 'lower' ? ' (lower is better)' : ''}`, scope: 'row' },
    ...runs.map(({ id }, index): Cell => {
      const value = values[index] ?? null;
      if (value === null) return { text: NONE, data: { run: id, target, metric: metric.id } };
      const data = { run: id, target, metric: metric.id, value: String(value) };
      return best.includes(index)
        ? { text: `★ ${metricText(value, metric)}`, class: 'best', spoken: '(best)', data }
        : { text: metricText(value, metric), data };
    }),
  ];
}
