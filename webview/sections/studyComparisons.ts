import type { Comparison, StudyTable } from '../../src/core/protocol.ts';
import { createDetails } from '../details.ts';
import { element, show } from '../dom.ts';
import { fixed, NONE, significant } from '../../src/core/format.ts';
import { createTable, type Cell, type TableModel } from '../tables.ts';
import type { ViewStore } from '../viewState.ts';
import type { Section } from './section.ts';

/** Pairs of rows, compared over the seeds that both have; folded away until asked for. */
export function createStudyComparisons(id: string, store: ViewStore): Section<StudyTable> {
  const details = createDetails(`comparisons:${id}`, 'Comparisons', 'table', false, store);
  const table = createTable('data comparisons');
  details.body.append(
    element('p', { class: 'note' }, [
      'Differences of accuracy in points, left minus right, over the seeds that both have; p of the paired t-test and of Wilcoxon’s ' +
        'signed-rank test, adjusted by Holm over the table.',
    ]),
    table.root,
  );
  return {
    root: details.root,
    update(source) {
      show(details.root, source.comparisons.length > 0);
      table.update(comparisonsModel(source));
    },
  };
}

/** The model of the list. */
export function comparisonsModel({ title, rows, comparisons }: StudyTable): TableModel {
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
      ...figures(each).map((text): Cell => ({ text })),
    ]),
  };
}

function figures({ n, difference, pairedT, wilcoxon }: Comparison): string[] {
  const points = (share: number) => fixed(share * 100, 2);
  return [
    String(n),
    points(difference),
    pairedT ? `${points(pairedT.interval[0])} to ${points(pairedT.interval[1])}` : NONE,
    pairedT ? pText(pairedT.p) : NONE,
    wilcoxon ? pText(wilcoxon.p) : NONE,
  ];
}

function pText(p: number): string {
  return p < 0.001 ? '< 0.001' : significant(p, 2);
}
