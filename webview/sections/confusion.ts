import type { RunView } from '../../src/core/protocol.ts';
import { createRadioChoice } from '../components.ts';
import { createDetails } from '../details.ts';
import { element, show } from '../dom.ts';
import { percent } from '../../src/core/format.ts';
import { createTable, type Cell, type TableModel } from '../tables.ts';
import type { ViewStore } from '../viewState.ts';
import { FUSION } from '../../src/core/run/targets.ts';
import { modalitiesOf, orderTargets } from '../words.ts';
import type { Section } from './section.ts';

/** Confusion matrix of one target at a time, as a heat map that is a real table. */
export function createConfusion(store: ViewStore): Section<RunView> {
  const details = createDetails('confusion', 'Confusion matrix', 'section', true, store);
  const table = createTable('confusion');
  let last: RunView | undefined;
  const choice = createRadioChoice('Confusion matrix of', (target) => {
    store.change({ choices: { ...store.state.choices, confusion: target } });
    if (last) update(last);
  });
  details.body.append(
    choice.root,
    table.root,
    element('p', { class: 'note' }, [
      'Rows: true class. Columns: predicted class. Color: share of the row, blue for right, ',
      'red for wrong (deepened, so that rare errors show).',
    ]),
  );

  function update(view: RunView): void {
    last = view;
    const { test = {} } = view.run;
    // Runs without classes, or of other programs, may have none.
    const targets = orderTargets(Object.keys(test).filter((target) => test[target]?.confusion), modalitiesOf(view.run));
    show(details.root, targets.length > 0);
    if (targets.length === 0) return;
    const chosen =
      [store.state.choices['confusion'], FUSION, targets[0]].find(
        (each) => each !== undefined && targets.includes(each),
      ) ?? '';
    choice.update(
      targets.map((target) => ({ id: target, label: target })),
      chosen,
    );
    table.update(confusionTable(chosen, test[chosen]?.confusion ?? [], view.run.started?.dataset.classes ?? []));
  }
  return { root: details.root, update };
}

function confusionTable(
  target: string,
  counts: readonly (readonly number[])[],
  classes: readonly string[],
): TableModel {
  const name = (index: number) => classes[index] ?? String(index);
  return {
    caption: `Confusion matrix of ${target} on the test split; rows: true class, columns: predicted class`,
    head: [
      [{ text: '' }, { text: 'predicted', scope: 'colgroup', span: counts.length }],
      [
        { text: 'true', scope: 'col', class: 'corner' },
        ...counts.map((_, index): Cell => ({ text: name(index), scope: 'col' })),
      ],
    ],
    rows: counts.map((row, truth) => {
      const total = row.reduce((sum, each) => sum + each, 0);
      return [
        { text: name(truth), scope: 'row' },
        ...row.map((value, predicted): Cell => {
          const share = total === 0 ? 0 : value / total;
          const right = truth === predicted;
          return {
            text: String(value),
            class: right ? 'right' : value === 0 ? 'none' : 'wrong',
            // An error rate of one percent would not be seen on a linear scale.
            heat: right ? share : Math.cbrt(share),
            title: `true ${name(truth)}, predicted ${name(predicted)}: ${value} of ${total}, ${percent(share)}`,
            data: { target, true: String(truth), predicted: String(predicted), value: String(value) },
          };
        }),
      ];
    }),
  };
}
