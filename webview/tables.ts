import { element, setAttribute, syncChildren } from './dom.ts';

/** One cell: its text, and what marks it. */
export interface Cell {
  readonly text: string;
  /** A header of its column or row. */
  readonly scope?: 'col' | 'row' | 'colgroup' | 'rowgroup';
  readonly span?: number;
  /** Number of rows that the cell takes, if more than one. */
  readonly rows?: number;
  readonly class?: string;
  /** Stable `data-*` attributes, e.g. the exact value behind a rounded figure. */
  readonly data?: Readonly<Record<string, string>>;
  /** Said by a screen reader after the text. */
  readonly spoken?: string;
  /** Share 0..1 that the style sheet turns into the depth of the cell's color. */
  readonly heat?: number;
  readonly title?: string;
  /** Makes the text a button. */
  readonly action?: () => void;
  /** For a button that shows and hides something: whether it is shown. */
  readonly expanded?: boolean;
  /** A smaller line under the text, and a button of its own. */
  readonly note?: { readonly text: string; readonly title?: string; readonly button?: NoteButton };
  /** Instead of text: an element that its owner keeps up to date. */
  readonly node?: HTMLElement;
}

/** The button in the note of a cell; `spoken` is its whole name. */
export interface NoteButton {
  readonly label: string;
  readonly spoken: string;
  /** Why it cannot be pressed now. */
  readonly disabled?: string;
  readonly press: () => void;
}

/** A whole table. */
export interface TableModel {
  readonly caption: string;
  readonly head: readonly (readonly Cell[])[];
  readonly rows: readonly (readonly Cell[])[];
  /** Names of the rows, where some come and go between others; without, a row is known by its place. */
  readonly keys?: readonly string[];
}

/** A table that is brought from one model to the next cell by cell, so that focus and selection in it survive. */
export interface Table {
  readonly root: HTMLElement;
  update(model: TableModel): void;
}

/** Creates a table in a region that scrolls by itself, by keyboard too, when it is wider than the page. */
export function createTable(className: string): Table {
  const caption = element('caption', { class: 'visually-hidden' });
  const head = element('thead');
  const body = element('tbody');
  const root = element('div', { class: 'table-scroll', role: 'group' }, [
    element('table', { class: className }, [caption, head, body]),
  ]);
  // Only what can be scrolled is a stop of the Tab key.
  new ResizeObserver(() => setAttribute(root, 'tabindex', overflows(root) ? '0' : undefined)).observe(root);
  return {
    root,
    update(model) {
      if (caption.textContent !== model.caption) caption.textContent = model.caption;
      setAttribute(root, 'aria-label', model.caption);
      syncRows(head, model.head);
      syncRows(body, model.rows, model.keys);
      setAttribute(root, 'tabindex', overflows(root) ? '0' : undefined);
    },
  };
}

function overflows(node: Element): boolean {
  return node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight;
}

function syncRows(
  section: HTMLTableSectionElement,
  rows: readonly (readonly Cell[])[],
  keys: readonly string[] = rows.map((_, index) => String(index)),
): void {
  const elements = syncChildren(
    section,
    keys,
    (key) => key,
    () => element('tr'),
  );
  rows.forEach((cells, index) => {
    const row = elements[index] as HTMLTableRowElement;
    while (row.cells.length > cells.length) row.deleteCell(-1);
    cells.forEach((cell, column) => syncCell(row, column, cell));
  });
}

/** What a cell element shows now, to see whether anything changed. */
const shown = new WeakMap<Element, { readonly look: string; cell: Cell }>();

function syncCell(row: HTMLTableRowElement, column: number, cell: Cell): void {
  const existing = row.cells[column];
  const look = JSON.stringify({ ...cell, node: undefined });
  const known = existing && shown.get(existing);
  if (known?.look === look && (!cell.node || existing?.contains(cell.node))) {
    known.cell = cell;
    return;
  }
  const created = element(cell.scope ? 'th' : 'td', cell.scope ? { scope: cell.scope } : {});
  const entry = { look, cell };
  shown.set(created, entry);
  if (cell.span) created.colSpan = cell.span;
  if (cell.rows) created.rowSpan = cell.rows;
  if (cell.class) created.className = cell.class;
  if (cell.title) created.title = cell.title;
  if (cell.heat !== undefined) created.style.setProperty('--heat', String(cell.heat));
  Object.assign(created.dataset, cell.data);
  fill(created, entry);
  const focused = existing ? [...existing.querySelectorAll('button')].indexOf(document.activeElement as never) : -1;
  if (existing) existing.replaceWith(created);
  else row.append(created);
  // Who pressed a button of the cell stays on it.
  if (focused >= 0) created.querySelectorAll('button')[focused]?.focus();
}

function fill(created: HTMLTableCellElement, entry: { cell: Cell }): void {
  const { cell } = entry;
  if (cell.node) {
    created.append(cell.node);
    return;
  }
  if (cell.action) {
    const button = element('button', { type: 'button', class: 'link' }, [cell.text]);
    if (cell.expanded !== undefined) button.setAttribute('aria-expanded', String(cell.expanded));
    if (cell.title) button.setAttribute('aria-description', cell.title);
    button.addEventListener('click', () => entry.cell.action?.());
    created.append(button);
  } else {
    created.append(cell.text);
  }
  if (cell.spoken) created.append(element('span', { class: 'visually-hidden' }, [` ${cell.spoken}`]));
  if (cell.note) created.append(createNote(cell.note, () => entry.cell.note?.button?.press()));
}

function createNote({ text, title, button }: NonNullable<Cell['note']>, press: () => void): HTMLElement {
  const note = element('span', { class: 'cell-note', ...(title ? { title } : {}) }, [text]);
  if (!button) return note;
  const control = element('button', { type: 'button', class: 'small', 'aria-label': button.spoken }, [button.label]);
  // Stays a stop of the Tab key, so that its reason can be read.
  if (button.disabled) control.setAttribute('aria-disabled', 'true');
  control.title = button.disabled ?? button.spoken;
  control.addEventListener('click', () => {
    if (control.getAttribute('aria-disabled') !== 'true') press();
  });
  note.append(' ', control);
  return note;
}
