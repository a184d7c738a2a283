import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { skipFor } from '../skip.ts';
import { launchBrowser } from '../vscode/browser.ts';
import { findBrowser } from '../vscode/install.ts';
import { buildPages, openPanel, root, type Bundles, type PanelPage } from './panelPage.ts';
import { themes } from './themes.ts';

/** Options of a suite that needs a browser. */
export const inBrowser = skipFor(findBrowser() ? undefined : 'no Chromium or Chrome found (UDI_BROWSER)');

/** Names of all themes. */
export const themeNames = Object.keys(themes) as (keyof typeof themes)[];

/** Narrow as beside an editor, and wide. */
export const widths = [600, 1000];

const shots = join(root, 'test-results/webview');

/** Does something with a panel, then makes sure that nothing went wrong in it. */
export type InPanel = (
  script: Parameters<typeof openPanel>[2],
  options: Parameters<typeof openPanel>[3],
  use: (panel: PanelPage) => Promise<void>,
) => Promise<void>;

/** Starts a browser before the tests of a suite and ends it after them. */
export function useBrowser(): InPanel {
  let browser: Browser | undefined;
  let bundles: Bundles;
  beforeAll(async () => {
    mkdirSync(shots, { recursive: true });
    bundles = await buildPages();
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });
  return async (script, options, use) => {
    const panel = await openPanel(browser!, bundles, script, options);
    try {
      await use(panel);
      expect(panel.problems).toEqual([]);
    } finally {
      await panel.page.close();
    }
  };
}

/** Takes a picture of the whole page, for people to look at. */
export async function shoot({ page }: PanelPage, name: string): Promise<void> {
  // Playwright would hide the caret with an inline style, which the policy refuses.
  await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true, caret: 'initial' });
}

/** By how many pixels the page is wider than its window. */
export async function overflow({ page }: PanelPage): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Values of the attribute `data-value` of the elements that a selector finds. */
export async function values({ page }: PanelPage, selector: string): Promise<number[]> {
  return page.$$eval(selector, (nodes) => nodes.map((node) => Number((node as HTMLElement).dataset['value'])));
}

/** Makes sure that no name has become an element or a script. */
export async function expectNoMarkup({ page }: PanelPage): Promise<void> {
  expect(await page.$$eval('img, script:not([nonce])', (nodes) => nodes.length)).toBe(0);
  expect(await page.evaluate(() => '__hacked' in window)).toBe(false);
}
