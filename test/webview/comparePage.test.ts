import { describe, expect, it } from 'vitest';
import { changedKeys, scoreRows } from '../../src/core/run/compare.ts';
import type { CompareView, RunView } from '../../src/core/protocol.ts';
import { inBrowser, expectNoMarkup, overflow, shoot, themeNames, useBrowser, values, widths } from './browser.ts';
import { failedRun, finishedRun, fixedRun, hostileRun, runningRun, sumRun } from './runs.ts';

function compareOf(views: readonly RunView[]): CompareView {
  return {
    runs: views,
    changed: changedKeys(views.map(({ config }) => config)),
    scores: scoreRows(views.map(({ run }) => run)),
  };
}

const compared = compareOf([finishedRun().view, fixedRun().view, sumRun().view, runningRun().view]);

describe('the compare panel in a browser', inBrowser, () => {
  const inPanel = useBrowser();

  describe.each(themeNames)('in the theme %s', (theme) => {
    it.each(widths)('fits a width of %i', async (width) => {
      await inPanel('comparePanel.js', { theme, width }, async (panel) => {
        await panel.post(compared);
        expect(await overflow(panel)).toBe(0);
        await shoot(panel, `compare-${theme}-${width}`);
      });
    });
  });

  it('shows names as text, never as markup', async () => {
    const { view } = hostileRun();
    await inPanel('comparePanel.js', {}, async (panel) => {
      await panel.post({
        ...compareOf([view, sumRun().view]),
        changed: [{ key: view.title, values: [view.title, view.title] }],
      });
      expect(await panel.page.$$eval('thead button.link', (nodes) => nodes.map((node) => node.textContent))).toContain(
        view.title,
      );
      expect(await panel.page.textContent('th.key')).toBe(view.title);
      await expectNoMarkup(panel);
    });
  });

  it('shows no number where there is none, and says what diverged, although messages are JSON', async () => {
    const finished = finishedRun().view;
    const scored = { ...finished.run.test!['fusion']!, accuracy: NaN, f1: Infinity };
    const diverged = { ...finished, id: 'diverged', run: { ...finished.run, test: { ...finished.run.test, fusion: scored } } };
    await inPanel('comparePanel.js', {}, async (panel) => {
      await panel.post(compareOf([finished, failedRun().view, runningRun().view, diverged]));
      const texts = await panel.page.$$eval('td[data-target="fusion"][data-metric="accuracy"]', (nodes) => nodes.map(({ textContent }) => textContent));
      // One finite value alone is not the best of anything.
      expect(texts).toEqual(['98.26 %', '–', '–', 'diverged']);
      expect(await panel.page.$$eval('td[data-target="fusion"][data-metric="f1"]', (nodes) => nodes.map(({ textContent }) => textContent)))
        .toEqual(['98.14 %', '–', '–', 'diverged']);
      expect(await panel.page.textContent('body')).not.toContain('0.00 %');
    });
  });

  it('compares runs of another program by their own metric, the lowest value first', async () => {
    const mae = { id: 'mae', label: 'MAE', unit: 's', better: 'lower', format: 'number', digits: 3 } as const;
    const foreign = (id: string, value: number): RunView => {
      const { view } = sumRun();
      const epochs = [1, 2].map((epoch) => ({ ...view.run.stages[0]!.epochs[0]!, epoch, validation: { fusion: { mae: value + 1 / epoch } } }));
      const started = { ...view.run.started!, metrics: [mae] };
      return { ...view, id, title: id, run: { ...view.run, started, test: { fusion: { mae: value } }, stages: [{ ...view.run.stages[0]!, epochs }] } };
    };
    const views = [foreign('a', 0.51), foreign('b', 0.4)];
    await inPanel('comparePanel.js', {}, async (panel) => {
      await panel.post(compareOf(views));
      expect(await panel.page.$$eval('td[data-metric="mae"]', (nodes) => nodes.map(({ textContent }) => textContent))).toEqual(['0.510 s', '★ 0.400 s (best)']);
      expect(await values(panel, 'td[data-chart="compareAccuracy"][data-plot="fusion"][data-series="b"]')).toEqual([1.4, 0.9]);
      expect(await panel.page.textContent('body')).not.toMatch(/ACC|F1|%/);
      await shoot(panel, 'compare-foreign');
    });
    await inPanel('runPanel.js', {}, async (panel) => {
      await panel.post(views[0]);
      expect(await panel.page.textContent('table.scores')).toContain('MAE');
      expect(await panel.page.textContent('td[data-target="fusion"][data-metric="mae"]')).toBe('0.510 s');
      expect(await panel.page.textContent('dl.facts')).toContain('0.510 s');
      expect(await panel.page.isVisible('table.confusion')).toBe(false);
      await shoot(panel, 'run-foreign');
    });
  });

  it('compares runs: changed keys, scores, the best marked, and what the buttons send', async () => {
    await inPanel('comparePanel.js', {}, async (panel) => {
      const { page } = panel;
      await panel.post(compared);
      for (const { target, metric, values: row, best } of compared.scores) {
        const cells = await page.$$eval(
          `td[data-target="${target}"][data-metric="${metric.id}"]`,
          (nodes) => nodes.map((node) => ({ value: (node as HTMLElement).dataset['value'], text: node.textContent })),
        );
        expect(cells.map(({ value }) => (value === undefined ? null : Number(value)))).toEqual(row);
        expect(cells.flatMap(({ text }, index) => (/^★ .+ \(best\)$/.test(text ?? '') ? [index] : []))).toEqual(best);
      }
      expect(await page.$$eval('th.key', (nodes) => nodes.map((node) => node.textContent))).toEqual(
        compared.changed.map(({ key }) => key),
      );
      for (const view of compared.runs.slice(0, 3)) {
        const [series] = await page.$$eval(
          `td[data-chart="compareAccuracy"][data-plot="fusion"][data-series="${view.id}"]`,
          (nodes) => [nodes.map((node) => Number((node as HTMLElement).dataset['value']))],
        );
        expect(series).toEqual(
          view.run.stages.flatMap(({ epochs }) =>
            epochs.flatMap(({ validation }) => validation['fusion']?.['accuracy'] ?? []),
          ),
        );
      }
      expect(await page.textContent('[data-details="table"] .note')).toContain('weights were selected on validation');
      expect(await panel.stored()).toMatchObject({ runs: compared.runs.map(({ id }) => id) });
      for (const format of ['csv', 'markdown', 'latex']) await page.click(`[data-format="${format}"]`);
      await page.focus('thead button.link >> nth=1');
      await panel.post({ ...compared, runs: compared.runs.map((view) => ({ ...view })) });
      await page.keyboard.press('Enter');
      expect((await panel.sent()).slice(1)).toEqual([
        ...['csv', 'markdown', 'latex'].map((format) => ({ type: 'copyTable', format })),
        { type: 'openRun', id: compared.runs[1]!.id },
      ]);
    });
  });
});
