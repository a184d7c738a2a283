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

function aboutRows({ id, run, notUnderstood }: RunView): (readonly [string, string])[] {
  const { started } = run;
  const rows: (readonly [string, string])[] = [
    ['Run folder', id],
    ...(started?.fusion ? [['Fusion', started.fusion] as const] : []),
    ...(notUnderstood === undefined ? [] : [['Not shown', notUnderstood] as const]),
  ];
  if (!started) return rows;
  const { dataset, version } = started;
  const { sizes } = dataset;
  const samples = sizes.train + sizes.validation + sizes.test > 0;
  return [
    ...rows,
    ...row('Samples', samples && `${count(sizes.train)} train, ${count(sizes.validation)} validation, ${count(sizes.test)} test`),
    ...row('Classes', dataset.classes.length > 0 && `${dataset.classes.length}: ${dataset.classes.join(', ')}`),
    ...row('Fingerprint', dataset.fingerprint),
    ...dataset.modalities.flatMap(({ id: modality, encoder, parameters, frozen, weights }) =>
      row(`Modality ${modality}`, encoder && `${encoder} encoder, ${count(parameters)} parameters${frozen ? `, ${count(frozen)} of them frozen` : ''}${weights ? ', pre-trained' : ''}`),
    ),
    ...run.backends.map(({ id: name, device }, index) => [index === 0 ? 'Backend' : 'Then', `${name} on ${device}`] as const),
    ...(run.backends.at(-1)?.skipped ?? []).map((each) => [`Not ${each.id}`, each.reason] as const),
    ...row('UDI Lab', version),
  ];
}

/** A row, unless there is nothing to say: programs of others leave things out. */
function row(name: string, text: string | false): (readonly [string, string])[] {
  return text ? [[name, text]] : [];
}
