import { describe, expect, it } from 'vitest';
import { fromStudyPanelSchema } from '../../src/core/protocol.ts';
import { chartBytes } from '../../src/extension/panels/chartFile.ts';
import { inBrowser, expectNoMarkup, overflow, shoot, themeNames, useBrowser, widths } from './browser.ts';
import { evil, hostileStudy, incompleteStudy, largeStudy, newStudy, runningStudy } from './studies.ts';

describe('the study panel in a browser', inBrowser, () => {
  const inPanel = useBrowser();

  describe.each(themeNames)('in the theme %s', (theme) => {
    it.each(widths)('fits a width of %i', async (width) => {
      await inPanel('studyPanel.js', { theme, width }, async (panel) => {
        const view = runningStudy();
        await panel.page.clock.setFixedTime(view.lastTime! + 2000);
        await panel.post(view);
        await panel.page.click('td[data-row="ogm"][data-metric="accuracy"] button.link');
        expect(await overflow(panel)).toBe(0);
        await shoot(panel, `study-${theme}-${width}`);
      });
    });
  });

  it.each(Object.entries({ incomplete: incompleteStudy, new: newStudy, large: largeStudy, hostile: hostileStudy }))(
    'draws without errors, with all details open, at 600 pixels: %s',
    async (name, create) => {
      await inPanel('studyPanel.js', { width: 600 }, async (panel) => {
        await panel.post(create());
        await panel.page.$$eval('details', (nodes) => nodes.forEach((node) => node.setAttribute('open', '')));
        expect(await overflow(panel)).toBe(0);
        await shoot(panel, `study-${name}-open-600`);
      });
    },
  );

  it('shows names as text, never as markup, and stores charts in which they are text, too', async () => {
    await inPanel('studyPanel.js', {}, async (panel) => {
      const { page } = panel;
      await panel.post(hostileStudy());
      expect(await page.textContent('h1')).toBe(evil);
      expect(await page.textContent('.notice .message')).toBe(evil);
      expect(await page.textContent('[data-details="study:methods"] > summary h2')).toBe(evil);
      expect(await page.textContent('th[data-row="udi"]')).toBe(evil);
      expect(await page.textContent('[data-details="failures"] li')).toContain(evil);
      await page.click('td[data-row="ogm"][data-metric="accuracy"] button.link');
      expect(await page.textContent('.cell-runs li:last-child')).toContain(evil);
      for (const button of await page.$$('[data-save="svg"]')) await button.click();
      await expectNoMarkup(panel);
      const charts = (await panel.sent()).filter(({ type }) => type === 'saveChart');
      expect(charts).toHaveLength(3);
      for (const { data } of charts) {
        chartBytes('svg', data as string);
        const names = await page.evaluate((text) => {
          const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
          return [...parsed.querySelectorAll('*')].map((node) => node.nodeName);
        }, data as string);
        expect(names).toContain('svg');
        expect(names).not.toContain('parsererror');
        expect(names).not.toContain('img');
      }
    });
  });

  it('offers what can be done in each state', async () => {
    await inPanel('studyPanel.js', {}, async (panel) => {
      const { page } = panel;
      const enabled = () =>
        page.$$eval('header [data-action]:not([disabled])', (nodes) => nodes.map((node) => (node as HTMLElement).dataset['action']));
      await panel.post(runningStudy());
      expect(await enabled()).toEqual(['stop', 'openFile']);
      expect(await page.textContent('header .now')).toContain('3 of 8 epochs');
      expect(await page.textContent('header .now')).toContain('waits: needs 1.4 GB of memory');
      await page.click('[data-action="stop"]');
      // What cannot be pressed sends nothing.
      await page.click('td[data-row="ogm"] button.small', { force: true });
      await panel.post(incompleteStudy());
      expect(await enabled()).toEqual(['run', 'openFile']);
      await page.click('[data-action="run"]');
      await page.click('[data-action="openFile"]');
      await page.click('td[data-row="ogm"] button.small');
      await page.click('[data-details="failures"] button.link');
      await page.click('[data-details="failures"] vscode-button');
      await panel.post(incompleteStudy({ trusted: false }));
      expect(await enabled()).toEqual(['openFile']);
      expect(await page.textContent('.notice')).toContain('Restricted Mode');
      await panel.post(runningStudy({ state: 'interrupted' }));
      expect(await page.textContent('.notice')).toContain('supervisor is gone');
      await panel.post(largeStudy());
      expect(await enabled()).toEqual(['openFile']);
      expect(await page.isHidden('[data-details="failures"]')).toBe(true);
      const sent = await panel.sent();
      expect(sent.slice(1)).toEqual([
        { type: 'stop' },
        { type: 'run' },
        { type: 'openFile' },
        { type: 'run', keys: ['methods:ogm:2'] },
        { type: 'openRun', id: 'run-failed' },
        { type: 'run', keys: ['methods:ogm:2', 'methods:valuation:0'] },
      ]);
      for (const message of sent) fromStudyPanelSchema.parse(message);
    });
  });

  it('lists the runs of a cell by keyboard, through updates, and gives the focus back', async () => {
    await inPanel('studyPanel.js', { width: 600 }, async (panel) => {
      const { page } = panel;
      const cell = 'td[data-row="ogm"][data-target="fusion"][data-metric="accuracy"] button.link';
      const focused = () =>
        page.evaluate(() => (document.activeElement?.closest('td') as HTMLElement | null)?.dataset['row']);
      await panel.post(incompleteStudy());
      await page.focus(cell);
      await page.keyboard.press('Enter');
      expect(await page.getAttribute(cell, 'aria-expanded')).toBe('true');
      expect(await focused()).toBe('ogm');
      expect(await page.textContent('.cell-runs')).toContain('seed 2failed: The loss is not finite');
      await panel.post(runningStudy());
      expect(await focused()).toBe('ogm');
      expect(await page.isVisible('.cell-runs')).toBe(true);
      await page.click('.cell-runs [data-run="run-methods-ogm-1"]');
      await page.click('text=Compare these runs');
      await page.focus('.cell-runs [data-run="run-methods-ogm-0"]');
      await page.keyboard.press('Escape');
      expect(await page.$('.cell-runs')).toBeNull();
      expect(await focused()).toBe('ogm');
      await page.click(cell);
      await page.click('td[data-row="sum"][data-target="gray"][data-metric="f1"] button.link >> nth=0');
      expect(await page.textContent('.cell-runs h3')).toBe('Sum, gray F1');
      expect(await page.$$('.cell-runs')).toHaveLength(1);
      expect(await focused()).toBe('sum');
      expect((await panel.sent()).slice(1)).toEqual([
        { type: 'openRun', id: 'run-methods-ogm-1' },
        { type: 'compareRuns', ids: ['run-methods-ogm-0', 'run-methods-ogm-1'] },
      ]);
    });
  });

  it('copies and saves tables, and stores charts as pictures that the host takes', async () => {
    await inPanel('studyPanel.js', { theme: 'light' }, async (panel) => {
      const { page } = panel;
      await panel.post(incompleteStudy());
      const table = '[data-details="study:alpha"]';
      for (const format of ['csv', 'markdown', 'latex']) await page.click(`${table} [data-export="Copy as ${format}"]`);
      await page.click(`${table} [data-export="Save as latex"]`);
      await page.focus('.study-charts vscode-dropdown');
      await page.keyboard.press('End');
      await page.waitForFunction(() => document.querySelector('[data-details="studyCost"] .badge')!.textContent!.includes('test'));
      await page.click('[data-details="studyCost"] [data-save="svg"]');
      await page.click('[data-details="studyCost"] [data-save="png"]');
      await page.waitForFunction(() => (window as unknown as { fakeHost: { sent: unknown[] } }).fakeHost.sent.length === 7);
      const sent = (await panel.sent()).slice(1).map((message) => fromStudyPanelSchema.parse(message));
      expect(sent.slice(0, 4)).toEqual([
        ...(['csv', 'markdown', 'latex'] as const).map((format) => ({ type: 'copyTable', table: 'alpha', format })),
        { type: 'saveTable', table: 'alpha', format: 'latex' },
      ]);
      for (const message of sent.slice(4)) {
        if (message.type !== 'saveChart') throw new Error(`${message.type} was sent`);
        expect(message.name).toBe('cgmnist-paper anchor Scores against training time');
        expect(chartBytes(message.format, message.data).length).toBeGreaterThan(1000);
      }
      const size = await page.evaluate(async (url) => {
        const image = new Image();
        image.src = url;
        await image.decode();
        const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
        context.drawImage(image, 0, 0);
        return { width: image.width, corner: [...context.getImageData(0, 0, 1, 1).data] };
      }, (sent[5] as { data: string }).data);
      // Twice the size of the SVG, on the page's background.
      expect(size).toEqual({ width: 1520, corner: [255, 255, 255, 255] });
    });
  });

  it('stores what the user chose, and starts from it again', async () => {
    let stored: unknown;
    await inPanel('studyPanel.js', {}, async (panel) => {
      const { page } = panel;
      await panel.post(incompleteStudy());
      await page.click('td[data-row="udi"][data-target="color"][data-metric="accuracy"] button.link');
      await page.click('[data-details="comparisons:methods"] summary');
      await page.click('[data-chart="studyAccuracy"] .legend-item[data-series="sum"]');
      stored = await panel.stored();
      expect(stored).toMatchObject({
        runs: [incompleteStudy().id],
        toggled: ['comparisons:methods'],
        hidden: { studyAccuracy: ['sum'] },
      });
    });
    await inPanel('studyPanel.js', { state: stored }, async (panel) => {
      await panel.post(incompleteStudy());
      expect(await panel.page.textContent('.cell-runs h3')).toBe('UDI, color ACC');
      expect(await panel.page.isVisible('text=n = 2: too few to tell.')).toBe(true);
      expect(await panel.page.getAttribute('[data-chart="studyAccuracy"] .legend-item[data-series="sum"]', 'aria-pressed')).toBe('false');
    });
  });

  it('keeps the names of the rows in sight while a large table scrolls in its own box', async () => {
    await inPanel('studyPanel.js', { width: 600 }, async (panel) => {
      const { page } = panel;
      await panel.post(largeStudy());
      const left = () => page.$eval('th[data-row="row-7"]', (node) => node.getBoundingClientRect().left);
      const before = await left();
      const box = await page.$eval('[data-details="study:grid"] .table-scroll', (node) => {
        node.scrollLeft = 400;
        return { scrolled: node.scrollLeft, tabindex: node.getAttribute('tabindex') };
      });
      expect(box).toEqual({ scrolled: 400, tabindex: '0' });
      expect(await left()).toBe(before);
      expect(await page.$$('[data-details="study:grid"] tbody tr')).toHaveLength(20);
    });
  });

  it('has a name for every picture, and a visible focus on everything that the Tab key reaches', async () => {
    await inPanel('studyPanel.js', { width: 600, theme: 'hc-dark' }, async (panel) => {
      const { page } = panel;
      await panel.post(incompleteStudy());
      expect(await page.$$eval('canvas', (nodes) => nodes.every((node) => node.getAttribute('role') === 'img' && node.ariaLabel))).toBe(true);
      const reached: string[] = [];
      for (let step = 0; step < 60; step++) {
        await page.keyboard.press('Tab');
        const focus = await page.evaluate(() => {
          const { activeElement } = document;
          if (!activeElement || activeElement === document.body) return undefined;
          const inner = activeElement.shadowRoot?.activeElement ?? activeElement;
          const parts = [activeElement, inner, ...(activeElement.shadowRoot?.querySelectorAll('.control') ?? [])];
          const visible = parts.some((part) => {
            const { outlineStyle, outlineWidth, borderTopColor } = getComputedStyle(part);
            return (outlineStyle !== 'none' && outlineWidth !== '0px') || borderTopColor === 'rgb(243, 133, 24)';
          });
          return { visible, name: activeElement.outerHTML.slice(0, 80) };
        });
        if (!focus) break;
        expect(focus.visible, focus.name).toBe(true);
        reached.push(focus.name);
      }
      expect(reached.length).toBe(60);
    });
  });

  it('announces seldom', async () => {
    await inPanel('studyPanel.js', {}, async (panel) => {
      await panel.post(runningStudy());
      expect(await panel.page.textContent('[role="status"]')).toBe('');
      await panel.post(incompleteStudy());
      await panel.page.waitForFunction(() => document.querySelector('[role="status"]')!.textContent !== '');
      expect(await panel.page.textContent('[role="status"]')).toBe('cgmnist-paper: incomplete. 60 of 72 runs finished, 2 failed.');
    });
  });
});
