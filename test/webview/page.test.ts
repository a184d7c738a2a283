import { describe, expect, it } from 'vitest';
import type { AnchorEvent, EpochEvent } from '../../src/core/run/events.ts';
import { patience } from '../vscode/browser.ts';
import { expectNoMarkup, inBrowser, overflow, shoot, themeNames, useBrowser, values, widths } from './browser.ts';
import { failedRun, finishedRun, fixtures, hostileRun, interruptedRun, runningRun } from './runs.ts';
import { alphaOf, xiOf } from '../../src/core/run/alpha.ts';
import { themes } from './themes.ts';
import { scoreOf } from '../../src/core/run/metrics.ts';

describe('the run panel in a browser', inBrowser, () => {
  const inPanel = useBrowser();

  describe.each(themeNames)('in the theme %s', (theme) => {
    it.each(widths)('fits a width of %i', async (width) => {
      await inPanel('runPanel.js', { theme, width }, async (panel) => {
        for (const [name, view] of [
          ['running', runningRun().view],
          ['finished', finishedRun().view],
        ] as const) {
          await panel.page.clock.setFixedTime(view.run.lastTime! + 2000);
          await panel.post(view);
          expect(await overflow(panel)).toBe(0);
          await shoot(panel, `${name}-${theme}-${width}`);
        }
      });
    });
  });

  it.each(Object.keys(fixtures))('draws without errors, with all details open, at 600 pixels: %s', async (name) => {
    const { view } = fixtures[name]!();
    await inPanel('runPanel.js', { width: 600 }, async (panel) => {
      await panel.post(view);
      await panel.page.$$eval('details', (nodes) => nodes.forEach((node) => node.setAttribute('open', '')));
      expect(await overflow(panel)).toBe(0);
      expect(
        await panel.page.$$eval('canvas', (nodes) =>
          nodes.every((node) => node.getAttribute('role') === 'img' && node.ariaLabel),
        ),
      ).toBe(true);
      await shoot(panel, `${name.replaceAll(' ', '-')}-open-600`);
    });
  });

  it('shows the figures of the journal', async () => {
    const { events, view } = finishedRun();
    const epochs = events.filter((event): event is EpochEvent => event.type === 'epoch');
    await inPanel('runPanel.js', {}, async (panel) => {
      await panel.post(view);
      const test = view.run.test!;
      expect(Object.keys(test)).toHaveLength(3);
      for (const [target, scores] of Object.entries(test)) {
        for (const metric of ['accuracy', 'f1', 'loss', 'entropy'] as const) {
          expect(await values(panel, `td[data-target="${target}"][data-metric="${metric}"]`)).toEqual([scores[metric]]);
        }
        expect(await values(panel, `td[data-target="${target}"][data-metric="recall"]`)).toEqual(scores.recall);
      }
      expect(await panel.page.textContent('td[data-target="fusion"][data-metric="accuracy"]')).toBe(
        `${(scoreOf(test['fusion'], 'accuracy')! * 100).toFixed(2)} %`,
      );
      expect(await values(panel, 'td[data-target="fusion"][data-true]')).toEqual(test['fusion']!.confusion!.flat());
      for (const target of ['gray', 'color', 'fusion']) {
        expect(await values(panel, `td[data-chart="accuracy"][data-series="${target}"]`)).toEqual(
          epochs.filter(({ validation }) => validation[target]).map(({ validation }) => validation[target]!.accuracy),
        );
      }
      const followers = epochs.filter(alphaOf);
      for (const term of ['consistency', 'complementary'] as const) {
        const cell = (plot: string) => `td[data-chart="alphaTrace"][data-plot="${plot}"][data-series="${term}"]`;
        expect(await values(panel, cell('alpha'))).toEqual(followers.map((event) => alphaOf(event)![term]));
        expect(await values(panel, cell('xi'))).toEqual(followers.map((event) => xiOf(event)![term]));
        expect(await panel.page.textContent(`${cell('alpha')}[data-stage="follower:color"][data-epoch="5"]`)).toBe(
          alphaOf(followers[4]!)![term].toFixed(3),
        );
      }
      const anchor = events.find((event): event is AnchorEvent => event.type === 'anchor')!;
      expect(await values(panel, 'td[data-chart="anchor"][data-plot="accuracy"]')).toEqual(
        anchor.candidates.map(({ accuracy }) => accuracy),
      );
      expect(await values(panel, 'td[data-chart="anchor"][data-plot="entropy"]')).toEqual(
        anchor.candidates.map(({ entropy }) => entropy),
      );
    });
  });

  it('shows names as text, never as markup', async () => {
    const { view } = hostileRun();
    await inPanel('runPanel.js', {}, async (panel) => {
      await panel.post({
        ...view,
        state: 'failed',
        run: {
          ...view.run,
          ended: { state: 'failed', error: { message: view.title, hint: view.title } },
          notes: [view.title],
        },
      });
      expect(await panel.page.textContent('h1')).toBe(view.title);
      expect(await panel.page.textContent('.notice .message')).toBe(view.title);
      await expectNoMarkup(panel);
    });
  });

  it('keeps focus, open details, hidden series, choices and canvases over updates', async () => {
    await inPanel('runPanel.js', {}, async (panel) => {
      const { page } = panel;
      await panel.post(runningRun(3).view);
      await page.click('[data-chart="accuracy"] details.table summary');
      await page.click('[data-chart="accuracy"] .legend-item[data-series="color"]');
      await page.click('[data-details="losses"] > summary');
      await page.focus('[data-chart="accuracy"] .legend-item[data-series="gray"]');
      await page.$$eval('canvas', (nodes) => nodes.forEach((node, index) => Object.assign(node, { mark: index })));
      const marks = () =>
        page.$$eval('canvas', (nodes) => nodes.map((node) => (node as unknown as { mark?: number }).mark));
      const before = await marks();
      for (const epochs of [4, 5, 6]) await panel.post(runningRun(epochs).view);
      expect(await marks()).toEqual(before);
      expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['series'])).toBe('gray');
      expect(
        await page.$eval('[data-chart="accuracy"] details.table', (node) => (node as HTMLDetailsElement).open),
      ).toBe(true);
      expect(await page.$eval('[data-details="losses"]', (node) => (node as HTMLDetailsElement).open)).toBe(false);
      expect(await page.getAttribute('.legend-item[data-series="color"] >> nth=1', 'aria-pressed')).toBe('false');
      expect(await values(panel, 'td[data-chart="accuracy"][data-series="fusion"]')).toHaveLength(6);
      await panel.post(finishedRun().view);
      expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['series'])).toBe('gray');
    });
  });

  it('stores what the user chose, and starts from it again', async () => {
    let stored: unknown;
    await inPanel('runPanel.js', {}, async (panel) => {
      await panel.post(finishedRun().view);
      await panel.page.click('[data-details="about"] > summary');
      await panel.page.click('[data-details="confusion"] vscode-radio >> nth=1');
      await panel.page.click('[data-chart="alphaTrace"] .legend-item[data-series="complementary"]');
      await panel.page.evaluate(() => window.scrollTo({ top: 700 }));
      await expect.poll(() => panel.stored(), { timeout: patience }).toMatchObject({
        runs: [finishedRun().view.id],
        toggled: ['about'],
        hidden: { alphaTrace: ['complementary'] },
        choices: { confusion: 'color' },
        scroll: 700,
      });
      stored = await panel.stored();
    });
    await inPanel('runPanel.js', { state: stored }, async (panel) => {
      await panel.post(finishedRun().view);
      expect(await panel.page.$eval('[data-details="about"]', (node) => (node as HTMLDetailsElement).open)).toBe(true);
      expect(await values(panel, 'td[data-target="color"][data-true="3"]')).toEqual(
        finishedRun().view.run.test!['color']!.confusion![3],
      );
      expect(
        await panel.page.getAttribute(
          '[data-chart="alphaTrace"] .legend-item[data-series="complementary"]',
          'aria-pressed',
        ),
      ).toBe('false');
      expect(await panel.page.evaluate(() => window.scrollY)).toBe(700);
    });
    await inPanel('runPanel.js', { state: { from: 'another version' } }, async (panel) => {
      await panel.post(finishedRun().view);
      expect(await panel.stored()).toMatchObject({ runs: [finishedRun().view.id], toggled: [] });
    });
  });

  it('offers what can be done in each state', async () => {
    await inPanel('runPanel.js', {}, async (panel) => {
      const { page } = panel;
      const actions = () =>
        page.$$eval('header [data-action], .notice:not([hidden]) [data-action]', (nodes) =>
          nodes.map((node) => (node as HTMLElement).dataset['action']),
        );
      const opens = ['openConfig', 'openLog', 'revealFolder'];
      const { view } = runningRun();
      await panel.post(view);
      expect(await actions()).toEqual(['pause', 'stop', 'cancel', ...opens]);
      await page.focus('[data-action="pause"]');
      await page.keyboard.press('Enter');
      await panel.post({ ...view, state: 'paused' });
      expect(await actions()).toEqual(['continue', 'cancel', ...opens]);
      expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['action'])).toBe('continue');
      await panel.post(interruptedRun().view);
      expect(await actions()).toEqual([...opens, 'resume']);
      await page.click('[data-action="resume"]');
      await panel.post({ ...interruptedRun().view, trusted: false });
      expect(await page.textContent('.notice')).toContain('Restricted Mode');
      await page.click('[data-action="resume"]', { force: true });
      await panel.post(failedRun().view);
      expect(await actions()).toEqual([...opens, 'openSource', 'trainAgain', 'resume']);
      await page.click('[data-action="trainAgain"]');
      await panel.post({ ...failedRun().view, trusted: false });
      await page.click('[data-action="trainAgain"]', { force: true });
      await page.click('[data-action="openSource"]');
      await panel.post(finishedRun().view);
      expect(await actions()).toEqual(opens);
      await page.click('text=Copy as Markdown');
      const sent = await panel.sent();
      expect(sent.slice(0, 5)).toEqual([
        { type: 'ready' },
        { type: 'action', action: 'pause' },
        { type: 'action', action: 'resume' },
        { type: 'action', action: 'trainAgain' },
        { type: 'action', action: 'openSource' },
      ]);
      expect(sent).toHaveLength(6);
      expect(sent[5]).toMatchObject({
        type: 'copy',
        text: expect.stringMatching(/^\| {2}\| ACC \| F1 \| Loss \| Entropy \|\n\| --- \|/),
      });
    });
  });

  it('lets the keyboard choose the stage and the matrix', async () => {
    await inPanel('runPanel.js', {}, async (panel) => {
      const { page } = panel;
      await panel.post(finishedRun().view);
      await page.focus('[data-details="confusion"] vscode-radio >> nth=2');
      await page.keyboard.press('ArrowLeft');
      expect(await values(panel, 'td[data-target="color"][data-true="0"]')).toEqual(
        finishedRun().view.run.test!['color']!.confusion![0],
      );
      await page.focus('[data-details="accuracy"] vscode-dropdown');
      await page.keyboard.press('End');
      await page.waitForFunction(
        () => document.querySelectorAll('td[data-chart="accuracy"][data-series="gray"]').length === 8,
      );
      expect(
        await values(panel, 'td[data-chart="accuracy"][data-stage="follower:color"][data-series="fusion"]'),
      ).toHaveLength(8);
      expect(await values(panel, 'td[data-chart="accuracy"][data-stage="unimodal:gray"]')).toHaveLength(0);
    });
  });

  it('shows a visible focus on everything that the Tab key reaches, in the order of the page', async () => {
    await inPanel('runPanel.js', { width: 600, theme: 'hc-dark' }, async (panel) => {
      const { page } = panel;
      await panel.post(finishedRun().view);
      const tops: number[] = [];
      for (let step = 0; step < 30; step++) {
        await page.keyboard.press('Tab');
        const focus = await page.evaluate(() => {
          const { activeElement } = document;
          if (!activeElement || activeElement === document.body) return undefined;
          const inner = activeElement.shadowRoot?.activeElement ?? activeElement;
          const parts = [activeElement, inner, ...(activeElement.shadowRoot?.querySelectorAll('.control') ?? [])];
          const visible = parts.some((part) => {
            const { outlineStyle, outlineWidth, borderTopColor } = getComputedStyle(part);
            // The focus border of the fixture's theme, for controls that color their border.
            return (outlineStyle !== 'none' && outlineWidth !== '0px') || borderTopColor === 'rgb(243, 133, 24)';
          });
          return {
            visible,
            name: activeElement.outerHTML.slice(0, 80),
            top: activeElement.getBoundingClientRect().top + window.scrollY,
          };
        });
        if (!focus) break;
        expect(focus.visible, focus.name).toBe(true);
        tops.push(focus.top);
      }
      expect(tops.length).toBeGreaterThan(15);
      expect(tops.every((top, index) => index === 0 || top >= tops[index - 1]! - 40)).toBe(true);
    });
  });

  it('takes the colors of a new theme at once', async () => {
    await inPanel('runPanel.js', { theme: 'dark' }, async (panel) => {
      const { page } = panel;
      await panel.post(finishedRun().view);
      const counts = () =>
        page.$eval(
          '[data-chart="accuracy"] canvas',
          (node, colors) => {
            const canvas = node as HTMLCanvasElement;
            const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {
              willReadFrequently: true,
            })!;
            context.drawImage(canvas, 0, 0);
            const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
            return colors.map((color) => {
              const [red, green, blue] = [1, 3, 5].map((from) => Number.parseInt(color.slice(from, from + 2), 16));
              let count = 0;
              for (let at = 0; at < data.length; at += 4)
                if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255)
                  count++;
              return count;
            });
          },
          [themes.dark.variables['charts-blue']!, themes.light.variables['charts-blue']!],
        );
      const [dark, noLight] = await counts();
      expect(dark).toBeGreaterThan(50);
      expect(noLight).toBe(0);
      await panel.setTheme('light');
      await expect.poll(async () => {
        const [noDark, light] = await counts();
        return noDark === 0 && light! > 50;
      }, { timeout: patience }).toBe(true);
    });
  });

  it('announces seldom', async () => {
    await inPanel('runPanel.js', {}, async (panel) => {
      const { page } = panel;
      await panel.post(runningRun(1).view);
      expect(await page.textContent('[role="status"]')).toBe('');
      await page.evaluate(() => {
        const said: { at: number; text: string }[] = [];
        Object.assign(window, { said });
        const region = document.querySelector('[role="status"]')!;
        new MutationObserver(() => said.push({ at: Date.now(), text: region.textContent! })).observe(region, {
          childList: true, characterData: true, subtree: true,
        });
      });
      const said = () => page.evaluate(() => (window as unknown as { said: { at: number; text: string }[] }).said);
      await panel.post(runningRun(2).view);
      await expect.poll(said, { timeout: patience }).toHaveLength(1);
      expect((await said())[0]!.text).toMatch(
        /^cgmnist-udi: running\. follower:color, epoch 2 of 8: fusion \d\d\.\d\d % on validation\.$/,
      );
      for (const epochs of [3, 4, 5]) await panel.post(runningRun(epochs).view);
      await expect.poll(async () => (await said()).at(-1)!.text, { timeout: patience }).toContain('epoch 5 of 8');
      const times = (await said()).map(({ at }) => at);
      // By the page's own clock, so that a slow machine changes nothing.
      for (const [index, at] of times.slice(1).entries()) expect(at - times[index]!).toBeGreaterThan(4900);
    });
  });
});
