import type { RunView } from '../../src/core/protocol.ts';
import { createDetails } from '../details.ts';
import { element, setText, show, syncChildren } from '../dom.ts';
import { count } from '../../src/core/format.ts';
import type { ViewStore } from '../viewState.ts';
import type { Section } from './section.ts';

/** What the journal says about data, model, backend and the trainer's notes. */
export function createAbout(store: ViewStore): Section<RunView> {
  const details = createDetails('about', 'About this run', 'section', false, store);
  const facts = element('dl', { class: 'about' });
  const heading = element('h3', {}, ['Notes of the trainer']);
  const notes = element('ul');
  details.body.append(facts, heading, notes);
  return {
    root: details.root,
    update(view) {
      const rows = aboutRows(view);
      const items = syncChildren(
        facts,
        rows,
        ([name]) => name,
        ([name]) => element('div', {}, [element('dt', {}, [name]), element('dd')]),
      );
      rows.forEach(([, value], index) => setText(items[index]!.lastElementChild!, value));
      show(heading, view.run.notes.length > 0);
      const lines = syncChildren(
        notes,
        view.run.notes.map((text, index) => ({ text, index })),
        ({ index }) => String(index),
        () => element('li'),
      );
      view.run.notes.forEach((text, index) => setText(lines[index]!, text));
    },
  };
}

function aboutRows({ id, run, config }: RunView): (readonly [string, string])[] {
  const { started } = run;
  const rows: (readonly [string, string])[] = [
    ['Run folder', id],
    ['Fusion', started?.fusion ?? config.model.fusion],
  ];
  if (!started) return rows;
  const { dataset, backend, version } = started;
  const { sizes } = dataset;
  return [
    ...rows,
    ['Samples', `${count(sizes.train)} train, ${count(sizes.validation)} validation, ${count(sizes.test)} test`],
    ['Classes', `${dataset.classes.length}: ${dataset.classes.join(', ')}`],
    ['Fingerprint', dataset.fingerprint],
    ...dataset.modalities.map(
      (each) => [`Modality ${each.id}`, `${each.encoder} encoder, ${count(each.parameters)} parameters`] as const,
    ),
    ['Backend', `${backend.id} on ${backend.device}`],
    ...backend.skipped.map((each) => [`Not ${each.id}`, each.reason] as const),
    ['UDI Lab', version],
  ];
}
