import type { Comparison, Metric, StudyTable } from '../../src/core/protocol.ts';
import { createDetails } from '../details.ts';
import { element, setText, show } from '../dom.ts';
import { differenceUnit, metricNumber, NONE, significant } from '../../src/core/format.ts';
import { createTable, type Cell, type TableModel } from '../tables.ts';
import type { ViewStore } from '../viewState.ts';
import type { Section } from './section.ts';

/** Pairs of rows, compared over the seeds that both have; folded away until asked for. */
export function createStudyComparisons(id: string, store: ViewStore): Section<StudyTable> {
  const details = createDetails(`comparisons:${id}`, 'Comparisons', 'table', false, store);
  const table = createTable('data comparisons');
  const note = element('p', { class: 'note' });
  details.body.append(note, table.root);
  return {
    root: details.root,
    update(source) {
      show(details.root, source.comparisons.length > 0);
      setText(note, comparisonsNote(source));
      table.update(comparisonsModel(source));
    },
  };
}

/** What is compared, how, and how it is adjusted. */
function comparisonsNote({ metrics: [metric], comparisonNote = '' }: StudyTable): string {
  if (!metric) return '';
  const unit = differenceUnit(metric);
  return `Differences of ${metric.label}${unit === '' ? '' : ` in ${unit}`}, left minus right, over the seeds that both have; `
    + `p of the paired t-test and of Wilcoxon’s signed-rank test. ${comparisonNote}`;
}

/** The model of the list. */
export function comparisonsModel({ title, rows, comparisons, metrics }: StudyTable): TableModel {
  const label = (id: string) => rows.find((row) => row.id === id)?.label ?? id;
  const names = ['n', 'Difference', '95 % interval', 'p (t)', 'p (Wilcoxon)'];
  return {
    caption: `${title}: comparisons`,
    head: [
      [
        { text: 'Comparison', scope: 'col' },
        { text: 'Verdict', scope: 'col', class: 'text' },
        ...names.map((text): Cell => ({ text, scope: 'col' })),
      ],
    ],
    rows: comparisons.map((each) => [
      { text: `${label(each.left)} − ${label(each.right)}`, scope: 'row' },
      { text: each.verdict, class: 'text verdict' },
      ...figures(each, metrics[0]).map((text): Cell => ({ text })),
    ]),
  };
}

function figures({ n, difference, pairedT, wilcoxon }: Comparison, metric: Metric | undefined): string[] {
  const written = (value: number) => (metric ? metricNumber(value, metric) : NONE);
  return [
    String(n),
    written(difference),
    pairedT ? `${written(pairedT.interval[0])} to ${written(pairedT.interval[1])}` : NONE,
    pairedT ? pText(pairedT.p) : NONE,
    wilcoxon ? pText(wilcoxon.p) : NONE,
  ];
}

function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : significant(p, 2);
}
