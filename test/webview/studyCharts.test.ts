import { describe, expect, it } from 'vitest';
import type { StudyTable } from '../../src/core/protocol.ts';
import { plotConfig } from '../../webview/charts/config.ts';
import { figureSvg, type PictureOptions } from '../../webview/charts/figureSvg.ts';
import { compareCharts, runCharts, studyCharts } from '../../webview/charts/index.ts';
import { placeLabels } from '../../webview/charts/labels.ts';
import { niceScale, wholeTicks } from '../../webview/charts/niceTicks.ts';
import type { Figure, LinePlot, PlotPoint } from '../../webview/charts/plot.ts';
import { bandPieces } from '../../webview/charts/seedBands.ts';
import { escapeXml } from '../../webview/charts/svg.ts';
import { expectDrawable, theme } from './drawable.ts';
import { evil, hostileStudy, largeStudy, newStudy, runningStudy } from './studies.ts';

function draw(id: string, table: StudyTable['id'], view = runningStudy()): Figure {
  const source = { table: view.tables.find((each) => each.id === table)!, curves: view.curves };
  return studyCharts.find((chart) => chart.id === id)!.draw(source);
}

const options: PictureOptions = {
  title: 'Title',
  subtitle: 'selected on validation',
  theme,
  hidden: [],
  measure: (text) => text.length * 6,
};

/** Fails unless every element is closed in order; returns the names of all elements. */
function elementsOf(svg: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const rest = svg.replace(/<(\/?)([a-z]+)((?: [a-zA-Z0-9-]+="[^"<>]*")*)(\/?)>/g, (_, end: string, name: string, _attributes, empty: string) => {
    if (end) expect(open.pop()).toBe(name);
    else names.push(name);
    if (!end && !empty) open.push(name);
    return '';
  });
  expect(open).toEqual([]);
  expect(rest).not.toMatch(/[<>]/);
  expect(rest).not.toMatch(/&(?!(?:amp|lt|gt|quot);)/);
  return names;
}

describe.each(studyCharts.map((chart) => [chart.id] as const))('study chart %s', (id) => {
  it.each(['methods', 'components', 'alpha', 'anchor'] as const)('draws the table %s', (table) => {
    const figure = draw(id, table);
    expectDrawable(id, figure);
    expect(figure.plots.length).toBeGreaterThan(0);
  });

  it('draws 20 rows that can be told apart', () => {
    expectDrawableIfAny(id, draw(id, 'grid', largeStudy()));
  });

  it('says why it is empty, or is left out', () => {
    const figure = draw(id, 'components', newStudy());
    expect(figure.plots).toEqual([]);
    if (figure.empty !== undefined) expect(figure.empty).toMatch(/^No .+\.$/);
  });

  it('is stored as well-formed SVG with title, legend and axes', () => {
    const figure = draw(id, 'methods');
    const { svg, width, height } = figureSvg(figure, options);
    expect(elementsOf(svg)).toEqual(expect.arrayContaining(['svg', 'title', 'desc', 'rect', 'text', 'path', 'line']));
    expect(svg).toContain(`viewBox="0 0 ${width} ${height}"`);
    expect(svg).toContain(`fill="${theme.background}"`);
    for (const text of ['Title', 'selected on validation', 'UDI', ...figure.plots.map(({ title }) => title)]) expect(svg).toContain(`>${text}</text>`);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('keeps names as text in SVG', () => {
    const view = hostileStudy();
    const { svg } = figureSvg(draw(id, 'components', view), { ...options, title: evil, subtitle: `${evil}&amp;` });
    expect(elementsOf(svg)).not.toContain('img');
    expect(svg).toContain(escapeXml(evil));
    expect(svg).toContain('&amp;amp;');
    expect(svg).not.toMatch(/<[^>]*\son\w+\s*=/);
  });

  it('leaves out of the picture what is switched off', () => {
    const { svg } = figureSvg(draw(id, 'methods'), { ...options, hidden: ['udi'] });
    expect(svg).not.toContain('>UDI</text>');
    const none = figureSvg(draw(id, 'methods'), { ...options, hidden: runningStudy().tables[0]!.rows.map((row) => row.id) });
    elementsOf(none.svg);
    expect(none.svg).not.toMatch(/NaN|Infinity/);
  });
});

function expectDrawableIfAny(id: string, figure: Figure): void {
  if (figure.plots.length > 0) expectDrawable(id, figure);
  else expect(id).toBe('studyAlpha');
}

it('has charts with ids of their own', () => {
  const ids = [...runCharts, ...compareCharts, ...studyCharts].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

describe('bands over seeds', () => {
  it('equal the curves that the host sent', () => {
    const view = runningStudy();
    const [plot] = draw('studyAccuracy', 'methods', view).plots as LinePlot[];
    const udi = view.curves.find(({ table, row }) => table === 'methods' && row === 'udi')!;
    expect(plot!.series.find(({ id }) => id === 'udi')!.points.map(({ x, y, spread }) => [x, y, spread])).toEqual(
      udi.scores.map(({ epoch, mean, low, high, n }) => [epoch, mean, { low, high, n }]),
    );
    const scales = plotConfig(plot!, theme).options!.scales!;
    expect(scales['y']).toMatchObject({ suggestedMin: Math.min(...view.curves.filter(({ table }) => table === 'methods').flatMap(({ scores }) => scores.map(({ low }) => low))) });
  });

  it('are broken where epochs are missing, and where a seed stands alone', () => {
    const spread = { low: 0.1, high: 0.3, n: 2 };
    const at = (x: number, rest: Partial<PlotPoint> = {}): PlotPoint => ({ x, y: 0.2, epoch: x, spread, ...rest });
    const pieces = bandPieces([at(1), at(2), at(5, { starts: true }), at(6, { spread: undefined }), at(7), at(8)]);
    expect(pieces.map((piece) => piece.map(({ x }) => x))).toEqual([[1, 2], [7, 8]]);
  });

  it('break the line, too', () => {
    const view = runningStudy();
    const curves = view.curves.map((each) => ({ ...each, scores: each.scores.filter(({ epoch }) => epoch < 4 || epoch > 8) }));
    const figure = draw('studyAccuracy', 'methods', { ...view, curves });
    expectDrawable('studyAccuracy', figure);
    expect((figure.plots[0] as LinePlot).series[0]!.points.filter(({ starts }) => starts).map(({ x }) => x)).toEqual([9]);
  });
});

it('shows of a row that has both its headline accuracy against its seconds', () => {
  const view = runningStudy();
  const [plot] = draw('studyCost', 'methods', view).plots;
  const rows = view.tables[0]!.rows.filter(({ seconds, cells }) => seconds !== undefined && cells[0]!.mean !== undefined);
  expect(plot?.kind === 'scatter' && plot.points.map(({ id, x, y }) => [id, x, y])).toEqual(
    rows.map((row) => [row.id, row.seconds, row.cells.find(({ target, metric }) => target === row.target && metric === 'accuracy')!.mean]),
  );
  expect(rows.length).toBe(11);
});

it('places labels beside their points, never over one another, and leaves out what has no room', () => {
  const area = { left: 0, top: 0, right: 200, bottom: 100 };
  const points = [
    { x: 20, y: 50, text: 'first' },
    { x: 22, y: 52, text: 'second' },
    { x: 195, y: 50, text: 'at the edge' },
    { x: 100, y: 50, text: 'x'.repeat(60) },
  ];
  const places = placeLabels(points, area, (text) => text.length * 6);
  expect(places[3]).toBeUndefined();
  const boxes = places.slice(0, 3).map((place, index) => ({ left: place!.x, right: place!.x + points[index]!.text.length * 6, y: place!.y }));
  for (const { left, right } of boxes) expect(left >= area.left && right <= area.right).toBe(true);
  const [a, b] = boxes;
  expect(a!.right <= b!.left || b!.right <= a!.left || Math.abs(a!.y - b!.y) >= 14).toBe(true);
});

it.each([
  [0.63, 0.98, 5, [0.6, 0.7, 0.8, 0.9, 1]],
  [0, 180, 8, [0, 50, 100, 150, 200]],
  [0.5, 0.5, 5, [0.5, 0.51, 0.52, 0.53, 0.54, 0.55]],
] as const)('puts ticks at round figures from %d to %d', (low, high, count, ticks) => {
  const scale = niceScale(low, high, count);
  if (low < high) expect(scale.ticks).toEqual(ticks);
  expect(scale.min).toBeLessThanOrEqual(low);
  expect(scale.max).toBeGreaterThanOrEqual(high);
  expect(scale.max).toBeGreaterThan(scale.min);
});

it('has ticks at whole epochs only', () => {
  expect(wholeTicks(0.5, 3.5, 10)).toEqual([1, 2, 3]);
  expect(wholeTicks(16.5, 24.5, 10)).toEqual([17, 18, 19, 20, 21, 22, 23, 24]);
});

it('replaces what XML cannot hold', () => {
  expect(escapeXml('a\u0000b\ud800c<&>"\t😀')).toBe('a\ufffdb\ufffdc&lt;&amp;&gt;&quot;\t😀');
});
