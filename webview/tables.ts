import { element, setAttribute } from './dom.ts';

/** One cell: its text, and what marks it. */
export interface Cell {
  readonly text: string;
  /** A header of its column or row. */
  readonly scope?: 'col' | 'row' | 'colgroup' | 'rowgroup';
  readonly span?: number;
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
}

/** A whole table. */
export interface TableModel {
  readonly caption: string;
  readonly head: readonly (readonly Cell[])[];
  readonly rows: readonly (readonly Cell[])[];
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
      syncRows(body, model.rows);
      setAttribute(root, 'tabindex', overflows(root) ? '0' : undefined);
    },
  };
}

function overflows(node: Element): boolean {
  return node.scrollWidth > node.clientWidth || node.scrollHeight > node.clientHeight;
}

function syncRows(section: HTMLTableSectionElement, rows: readonly (readonly Cell[])[]): void {
  while (section.rows.length > rows.length) section.deleteRow(-1);
  rows.forEach((cells, index) => {
    const row = section.rows[index] ?? section.insertRow();
    while (row.cells.length > cells.length) row.deleteCell(-1);
    cells.forEach((cell, column) => syncCell(row, column, cell));
  });
}

/** What a cell element shows now, to see whether anything changed. */
const shown = new WeakMap<Element, { readonly look: string; cell: Cell }>();

function syncCell(row: HTMLTableRowElement, column: number, cell: Cell): void {
  const existing = row.cells[column];
  const look = JSON.stringify(cell);
  const known = existing && shown.get(existing);
  if (known?.look === look) {
    known.cell = cell;
    return;
  }
  const created = element(cell.scope ? 'th' : 'td', cell.scope ? { scope: cell.scope } : {});
  const entry = { look, cell };
  shown.set(created, entry);
  if (cell.span) created.colSpan = cell.span;
  if (cell.class) created.className = cell.class;
  if (cell.title) created.title = cell.title;
  if (cell.heat !== undefined) created.style.setProperty('--heat', String(cell.heat));
  Object.assign(created.dataset, cell.data);
  if (cell.action) {
    const button = element('button', { type: 'button', class: 'link' }, [cell.text]);
    button.addEventListener('click', () => entry.cell.action?.());
    created.append(button);
  } else {
    created.append(cell.text);
  }
  if (cell.spoken) created.append(element('span', { class: 'visually-hidden' }, [` ${cell.spoken}`]));
  if (existing) existing.replaceWith(created);
  else row.append(created);
}
