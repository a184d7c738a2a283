import { describe, expect, it } from 'vitest';
import { changedKeys, scoreRows } from '../../src/core/run/compare.ts';
import type { CompareView, RunView } from '../../src/core/protocol.ts';
import { inBrowser, expectNoMarkup, overflow, shoot, themeNames, useBrowser, widths } from './browser.ts';
import { finishedRun, fixedRun, hostileRun, runningRun, sumRun } from './runs.ts';

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

  it('compares runs: changed keys, scores, the best marked, and what the buttons send', async () => {
    await inPanel('comparePanel.js', {}, async (panel) => {
      const { page } = panel;
      await panel.post(compared);
      for (const { target, metric, values: row, best } of compared.scores) {
        const cells = await page.$$eval(
          `td[data-target="${target}"][data-metric="${metric === 'ACC' ? 'accuracy' : 'f1'}"]`,
          (nodes) => nodes.map((node) => ({ value: (node as HTMLElement).dataset['value'], text: node.textContent })),
        );
        expect(cells.map(({ value }) => (value === undefined ? undefined : Number(value)))).toEqual(row);
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
            epochs.flatMap(({ validation }) => validation['fusion']?.accuracy ?? []),
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
