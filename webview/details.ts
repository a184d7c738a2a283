import { element } from './dom.ts';
import type { ViewStore } from './viewState.ts';

/** A `<details>` element whose open state survives in the view state. */
export interface Details {
  readonly root: HTMLDetailsElement;
  /** The line that opens and closes it: a badge can stand behind the heading. */
  readonly summary: HTMLElement;
  readonly body: HTMLElement;
}

/** Creates one; `id` must be unique on the page. Those of class `section` have a heading as summary. */
export function createDetails(
  id: string,
  summary: string,
  className: string,
  startsOpen: boolean,
  store: ViewStore,
): Details {
  const label = element(className === 'section' ? 'h2' : 'span', {}, [summary]);
  const body = element('div', { class: 'body' });
  const head = element('summary', {}, [label]);
  const root = element('details', { class: className, 'data-details': id }, [head, body]);
  root.open = store.state.toggled.includes(id) !== startsOpen;
  root.addEventListener('toggle', () => {
    const others = store.state.toggled.filter((each) => each !== id);
    const toggled = root.open === startsOpen ? others : [...others, id];
    if (toggled.length !== store.state.toggled.length) store.change({ toggled });
  });
  return { root, summary: head, body };
}
