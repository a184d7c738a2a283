import { isMap, isScalar, parseDocument, type Node } from 'yaml';

/** The key (or plain value of a key) that stands at `offset`, with its path. */
export function keyAt(text: string, offset: number): { path: string[]; start: number; end: number } | undefined {
  const within = (node: Node | null | undefined) => !!node?.range && offset >= node.range[0] && offset <= node.range[1];
  const path: string[] = [];
  let map: unknown = parseDocument(text, { prettyErrors: false, logLevel: 'silent' }).contents;
  while (isMap(map)) {
    const pair = map.items.find(({ key, value }) => within(key as Node) || within(value as Node | null));
    const key = pair?.key;
    if (!pair || !isScalar(key) || !key.range) return undefined;
    path.push(String(key.value));
    if (within(key) || !isMap(pair.value)) return { path, start: key.range[0], end: key.range[1] };
    map = pair.value;
  }
  return undefined;
}
