import { dashes, type Look, type Marker, type Plot } from './charts/plot.ts';
import { element, setAttribute, show, syncChildren } from './dom.ts';

/** What a button of the legend switches: the lines or points of one id, in all plots. */
export interface LegendItem {
  readonly id: string;
  readonly label: string;
  readonly look: Look;
}

/** The items of a figure's legend, each id once; bars have none. */
export function legendItems(plots: readonly Plot[]): LegendItem[] {
  const items = plots.flatMap((plot): readonly LegendItem[] =>
    plot.kind === 'line' ? plot.series : plot.kind === 'scatter' ? plot.points : [],
  );
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

/** Buttons that show and hide the series of a chart, for mouse and keyboard: chart.js would only paint them. */
export interface Legend {
  readonly root: HTMLElement;
  update(plots: readonly Plot[], hidden: readonly string[]): void;
}

/** Creates a legend; `onToggle` gets the id of the series. */
export function createLegend(onToggle: (series: string) => void): Legend {
  const list = element('div', { class: 'legend-items', role: 'group', 'aria-label': 'Series' });
  const kept = element('span', { class: 'note' }, ['hollow marker: the epoch that was kept']);
  const root = element('div', { class: 'legend' }, [list, kept]);
  return {
    root,
    update(plots, hidden) {
      const lines = plots.flatMap((plot) => (plot.kind === 'line' ? [plot] : []));
      // Where every plot has one line of its own, its title already says what it is.
      const useful = lines.some(({ title, series }) => series.length > 1 || series[0]?.label !== title);
      const items = useful || plots.some(({ kind }) => kind === 'scatter') ? legendItems(plots) : [];
      const marked = lines.some(({ series }) => series.some(({ points }) => points.some((point) => point.kept)));
      show(list, items.length > 0);
      show(kept, marked);
      show(root, items.length > 0 || marked);
      // The look is part of the key: a series whose place among the others has changed gets a new button.
      const buttons = syncChildren(
        list,
        items,
        ({ id, label, look }) => JSON.stringify([id, label, look]),
        (series) => createButton(series, onToggle),
      );
      items.forEach(({ id }, index) => setAttribute(buttons[index]!, 'aria-pressed', String(!hidden.includes(id))));
    },
  };
}

function createButton({ id, label, look }: LegendItem, onToggle: (series: string) => void): HTMLElement {
  const button = element('button', { type: 'button', class: 'legend-item', 'data-series': id }, [
    swatch(look),
    element('span', {}, [label]),
  ]);
  button.addEventListener('click', () => onToggle(id));
  return button;
}

/** A piece of the line with its dash and marker. */
export function swatch({ hue, dash, marker }: Look): Node {
  const svg = createSvg('svg', {
    class: `swatch hue-${hue}`,
    width: '28',
    height: '12',
    viewBox: '0 0 28 12',
    'aria-hidden': 'true',
  });
  svg.append(
    createSvg('line', {
      x1: '0',
      y1: '6',
      x2: '28',
      y2: '6',
      'stroke-width': '2',
      stroke: 'currentColor',
      'stroke-dasharray': dashes[dash].join(' '),
    }),
    createSvg('path', { d: shapes[marker], fill: 'currentColor' }),
  );
  return svg;
}

/** Paths of the markers, around (14, 6). */
export const shapes: Readonly<Record<Marker, string>> = {
  circle: 'M14 2.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z',
  triangle: 'M14 2l4 7h-8z',
  square: 'M11 3h6v6h-6z',
  diamond: 'M14 1.5l4.5 4.5l-4.5 4.5l-4.5-4.5z',
};

function createSvg(tag: string, attributes: Readonly<Record<string, string>>): SVGElement {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
