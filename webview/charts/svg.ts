/** Attributes of an SVG element. Never names or other text of a user: that stands between tags. */
export type SvgAttributes = Readonly<Record<string, string | number>>;

/** An SVG element as text; `children` are finished markup (see `svgText`). Numbers are written with two decimals at most. */
export function svg(tag: string, attributes: SvgAttributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(typeof value === 'number' ? String(Number(value.toFixed(2))) : value)}"`)
    .join('');
  return children.length === 0 ? `<${tag}${written}/>` : `<${tag}${written}>${children.join('')}</${tag}>`;
}

/** A text element. */
export function svgText(text: string, attributes: SvgAttributes): string {
  return svg('text', attributes, [escapeXml(text)]);
}

/** Text as character data or as the value of an attribute; what XML cannot hold at all becomes a replacement character. */
export function escapeXml(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // eslint-disable-next-line no-control-regex -- these characters are what must not be there
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
  );
}
