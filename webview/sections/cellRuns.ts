import { metricText } from '../../src/core/format.ts';
import type { FromStudyPanel, Metric, StudyCell, StudyRow, StudyView } from '../../src/core/protocol.ts';
import { intervalText } from '../../src/core/study/studyCells.ts';
import { createButton } from '../components.ts';
import { element, setText, show, syncChildren } from '../dom.ts';
import { missingText, startable, whyNoStart } from '../studyCells.ts';

/** The runs behind a cell of a study's table: values by seed, what is missing, and what can be done with them. */
export interface CellRuns {
  readonly root: HTMLElement;
  update(view: StudyView, row: StudyRow, cell: StudyCell, metric: Metric): void;
}

/** Creates the list; `onClose` is called by its button and by Escape. */
export function createCellRuns(post: (message: FromStudyPanel) => void, onClose: () => void): CellRuns {
  const title = element('h3');
  const interval = element('p', { class: 'note' });
  const list = element('ul', { class: 'plain' });
  let ids: readonly string[] = [];
  let keys: readonly string[] = [];
  const compare = createButton('Compare these runs', 'secondary', () => post({ type: 'compareRuns', ids: [...ids] }));
  const run = createButton('Run missing', 'secondary', () => post({ type: 'run', keys: [...keys] }));
  const close = createButton('Close', 'secondary', onClose);
  const root = element('div', { class: 'cell-runs', role: 'group' }, [
    title,
    interval,
    list,
    element('div', { class: 'buttons' }, [compare.root, run.root, close.root]),
  ]);
  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') onClose();
  });
  return {
    root,
    update(view, row, cell, metric) {
      const name = `${row.label}, ${cell.target} ${metric.label}`;
      setText(title, name);
      root.setAttribute('aria-label', `Runs of ${name}`);
      setText(interval, cell.values.length === 0 ? '' : intervalText(cell, metric));
      show(interval, cell.values.length > 0);
      const seeds = [
        ...cell.values.map(({ seed, run: id, value }) => ({ seed, id, text: metricText(value, metric) })),
        ...cell.missing.map((each) => ({ seed: each.seed, id: each.run, text: missingText(each, view.runs) })),
      ].sort((a, b) => a.seed - b.seed);
      const items = syncChildren(
        list,
        seeds,
        ({ seed, id }) => `${seed} ${id ?? ''}`,
        ({ seed, id }) => element('li', {}, [seedName(seed, id, post), element('span')]),
      );
      seeds.forEach(({ text }, index) => setText(items[index]!.lastElementChild!, text));
      ids = cell.values.map((each) => each.run);
      keys = startable(cell.missing);
      show(compare.root, ids.length > 1);
      show(run.root, keys.length > 0);
      const reason = whyNoStart(view);
      run.update({ disabled: reason !== undefined, title: reason });
    },
  };
}

function seedName(seed: number, id: string | undefined, post: (message: FromStudyPanel) => void): HTMLElement {
  if (id === undefined) return element('span', {}, [`seed ${seed}`]);
  const button = element('button', { type: 'button', class: 'link', 'data-run': id, title: 'Open this run' }, [`seed ${seed}`]);
  button.addEventListener('click', () => post({ type: 'openRun', id }));
  return button;
}
