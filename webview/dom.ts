/** Attributes of a new element. Never `style`: the content security policy refuses it; set `element.style` instead. */
export type Attributes = Readonly<Record<string, string>>;

/** Part of a sentence; `strong` parts are emphasized, `figure` parts are not broken across lines. */
export type Part = string | { readonly strong: string } | { readonly figure: string };

/** A new element. Strings become text nodes, never markup. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[K] {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  created.append(...children);
  return created;
}

/** Sets the text if it differs, so that an unchanged selection or live region is left alone. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute if it differs; removes it for undefined. */
export function setAttribute(node: Element, name: string, value: string | undefined): void {
  if (value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** Shows or hides an element, also from assistive technology. */
export function show(node: HTMLElement, visible: boolean): void {
  if (node.hidden === visible) node.hidden = !visible;
}

/** Writes a sentence of plain, emphasized and unbreakable parts. */
export function setParts(node: Element, parts: readonly Part[]): void {
  if (node.textContent === plainText(parts)) return;
  node.replaceChildren(
    ...parts.map((part) => {
      if (typeof part === 'string') return part;
      return 'strong' in part
        ? element('strong', {}, [part.strong])
        : element('span', { class: 'figure' }, [part.figure]);
    }),
  );
}

/** The text of a sentence without its emphasis. */
export function plainText(parts: readonly Part[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : 'strong' in part ? part.strong : part.figure)).join('');
}

/** Keeps one child per key, in this order; children that stay keep their focus and state. */
export function syncChildren<T>(
  parent: Element,
  items: readonly T[],
  keyOf: (item: T) => string,
  create: (item: T) => HTMLElement,
): HTMLElement[] {
  const existing = new Map(
    [...parent.children].map((child) => [(child as HTMLElement).dataset['key'] ?? '', child as HTMLElement]),
  );
  const wanted = items.map((item) => {
    const key = keyOf(item);
    const found = existing.get(key);
    existing.delete(key);
    if (found) return found;
    const created = create(item);
    created.dataset['key'] = key;
    return created;
  });
  for (const gone of existing.values()) gone.remove();
  wanted.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  return wanted;
}
