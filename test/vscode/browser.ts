/**
 * Drives a VS Code window in a real browser, the way a person would: palette, pickers, notifications, webviews,
 * themes, screenshots. Every function waits for what it needs and fails with what it was waiting for.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type BrowserContext, type Frame, type Locator, type Page } from 'playwright-core';
import { requireBrowser } from './install.ts';
import { screenshotsDir } from './paths.ts';
import { themeNames, type CodeServer, type Theme } from './server.ts';

const flags = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
  // No test depends on the network: the window may talk to the server here and to nothing else.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/**
 * How long a state is waited for, in milliseconds. A passing test never waits that long; a window beside other load may
 * need a minute for what takes a second alone.
 */
export const patience = 120_000;

/** Starts the machine's Chromium or Chrome. `UDI_BROWSER` names another, `UDI_BROWSER_ARGS` adds flags to it. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = requireBrowser();
  const more = (process.env['UDI_BROWSER_ARGS'] ?? '').split(' ').filter(Boolean);
  const headless = process.env['UDI_HEADED'] === undefined;
  try {
    // Chromium refuses its sandbox to root; a normal user keeps it.
    const chromiumSandbox = process.getuid?.() !== 0 && !more.includes('--no-sandbox');
    return await chromium.launch({ executablePath, args: [...flags, ...more], headless, chromiumSandbox });
  } catch (error) {
    if (!/no usable sandbox/i.test(String(error))) throw error;
    const help = 'Allow user namespaces, or, in a container that you trust: UDI_BROWSER_ARGS=--no-sandbox';
    throw new Error(`${executablePath} finds no way to sandbox its pages on this machine. ${help}`, { cause: error });
  }
}

/** A window of its own (own storage, so own layout and restored editors) that may use the clipboard. */
export async function newWindow(browser: Browser, size = { width: 1280, height: 800 }): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: size, permissions: ['clipboard-read', 'clipboard-write'] });
  context.setDefaultTimeout(patience);
  return context;
}

/** Everything the page and its webviews wrote to the console from now on, e.g. refusals of a content policy. */
export function recordConsole(page: Page, lines: string[] = []): string[] {
  page.on('console', (message) => lines.push(`${message.type()}: ${message.text()} (${message.location().url})`));
  page.on('pageerror', (error) => lines.push(`pageerror: ${error.message}`));
  return lines;
}

/**
 * Opens VS Code on `folder` and waits until the workbench is drawn and, where `extension` names one, until that extension
 * is active in this window: what is pressed before may be lost, or answered late.
 */
export async function openWorkbench(page: Page, server: CodeServer, folder: string, extension?: string): Promise<void> {
  const url = `${server.url}/?folder=${encodeURIComponent(folder)}`;
  await untilActive(server, extension, () => page.goto(url));
  await workbenchReady(page);
}

/** Reloads the window, as `Developer: Reload Window` does, and waits as `openWorkbench` does. */
export async function reloadWorkbench(page: Page, server: CodeServer, extension?: string): Promise<void> {
  await untilActive(server, extension, () => page.reload());
  await workbenchReady(page);
}

/** Does `open`, then waits until one more extension host has activated `extension`. */
async function untilActive(server: CodeServer, extension: string | undefined, open: () => Promise<unknown>): Promise<void> {
  const before = extension === undefined ? 0 : server.activations(extension);
  await open();
  if (extension === undefined) return;
  await until(`${extension} in the window`, () => server.activations(extension) > before);
}

/** Waits until the workbench is drawn in its theme, which comes when the extensions are known. */
export async function workbenchReady(page: Page): Promise<void> {
  await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: patience });
  await page.locator('.monaco-workbench[class*="vscode-theme-"]').waitFor({ timeout: patience });
}

/** Waits until `reached` says true; `timeout` in milliseconds. */
export async function until(what: string, reached: () => boolean | Promise<boolean>, timeout = patience): Promise<void> {
  for (const deadline = Date.now() + timeout; !await reached();) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeout / 1000} s in vain for: ${what}`);
    await sleep(100);
  }
}

const picker = (page: Page): Locator => page.locator('.quick-input-widget:visible');
const pickerInput = (page: Page): Locator => picker(page).locator('input.input');
const pickerRows = (page: Page): Locator => picker(page).locator('.monaco-list-row');

/** The row whose label is exactly `label` (icons aside). */
function pickerRow(page: Page, label: string): Locator {
  const escaped = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const name = page.locator('.label-name', { hasText: new RegExp(`^\\s*${escaped}\\s*$`) });
  return pickerRows(page).filter({ has: name }).first();
}

/** Opens the widget that `key` opens, and waits for its input. Opening it again does nothing, unlike choosing in it. */
async function openPicker(page: Page, key: string): Promise<void> {
  await until(`the picker that ${key} opens`, async () => {
    await page.keyboard.press(key);
    return appears(pickerInput(page));
  });
}

/** Whether `part` is there within some seconds. */
async function appears(part: Locator, timeout = 5000): Promise<boolean> {
  return part.waitFor({ timeout }).then(() => true, () => false);
}

/**
 * Types `text` into the open picker and accepts the row `label`, once: from then on slowness is no loss. Before that it may
 * type anew: the list is made when one types, so a command that an extension or a `when` clause adds later is not in it.
 */
async function typeAndAccept(page: Page, text: string, label: string): Promise<void> {
  const row = pickerRow(page, label);
  for (const deadline = Date.now() + patience; !await appears(row);) {
    const seen = await pickerRows(page).allInnerTexts().catch(() => []);
    if (Date.now() > deadline) throw new Error(`'${label}' is not in the list, only: ${seen.join(' | ')}`);
    await pickerInput(page).fill(text.slice(0, 1));
    await pickerInput(page).fill(text);
  }
  await accept(page, row);
}

/** Presses Enter on a row of the open picker and waits until the picker has taken it. */
async function accept(page: Page, row: Locator): Promise<void> {
  const input = pickerInput(page);
  await until('the focus on the row to accept', async () => {
    if (await row.evaluate((element) => element.classList.contains('focused'))) return true;
    await input.press('ArrowDown');
    return false;
  });
  await input.press('Enter');
  await row.waitFor({ state: 'hidden' });
}

/**
 * Runs a command as it is titled in the palette, e.g. `runCommand(page, 'UDI: Train')`. It is run exactly once; wait for
 * what it leads to before pressing anything else.
 */
export async function runCommand(page: Page, title: string): Promise<void> {
  await openPicker(page, 'F1');
  await pickerInput(page).fill(`>${title}`);
  await typeAndAccept(page, `>${title}`, title);
}

/** Waits for an open quick pick and chooses the entry labelled `label`. */
export async function quickPick(page: Page, label: string): Promise<void> {
  await pickerRows(page).first().waitFor();
  // A long list has rows only for what is in view; what is not is found by typing, as a person would.
  if (!await appears(pickerRow(page, label))) await pickerInput(page).fill(label);
  await pickerRow(page, label).waitFor();
  await accept(page, pickerRow(page, label));
}

/**
 * Waits for a notification that contains `text`; click a button of it with `pressIn(it, 'Open')`. A toast goes after some
 * seconds, so where none shows it the list of all notifications is opened, which keeps them.
 */
export async function notification(page: Page, text: string | RegExp): Promise<Locator> {
  const item = (part: string): Locator => page.locator(`${part} .notification-list-item`, { hasText: text }).first();
  const toast = item('.notifications-toasts');
  if (await appears(toast)) return toast;
  await runCommand(page, 'Notifications: Show Notifications');
  const listed = item('.notifications-center');
  await listed.waitFor();
  return listed;
}

/** Removes all notifications, e.g. before a screenshot. */
export async function clearNotifications(page: Page): Promise<void> {
  await runCommand(page, 'Notifications: Clear All Notifications');
  await page.locator('.notification-list-item').first().waitFor({ state: 'hidden' });
}

/** Presses the button called exactly `label` in a notification. */
export async function pressIn(part: Locator, label: string): Promise<void> {
  await part.locator('.monaco-button', { hasText: new RegExp(`^\\s*${label}\\s*$`) }).click();
}

/** A status bar entry that contains `text`. */
export function statusBarItem(page: Page, text: string | RegExp): Locator {
  return page.locator('.part.statusbar .statusbar-item', { hasText: text }).first();
}

/** Shows a view container of the activity bar, e.g. `UDI Lab`. */
export async function openViewContainer(page: Page, label: string): Promise<void> {
  const tab = page.locator('.part.activitybar .action-item', { has: page.locator(`[aria-label^="${label}"]`) }).first();
  if ((await tab.getAttribute('aria-expanded')) === 'true') return;
  const checked = await tab.evaluate((item) => item.classList.contains('checked'));
  if (!checked) await tab.click();
  await page.locator('.part.sidebar .composite-title, .part.sidebar .title-label', { hasText: label }).first().waitFor();
}

/** The row of a tree view (or list) that contains `text`. */
export function treeRow(page: Page, text: string | RegExp): Locator {
  return page.locator('.part.sidebar .monaco-list-row', { hasText: text }).first();
}

/** Opens a file of the workspace by name through Quick Open. */
export async function openFile(page: Page, name: string): Promise<void> {
  await openPicker(page, 'ControlOrMeta+P');
  await typeAndAccept(page, name, name);
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

/** Closes all editors and panels. */
export async function closeEditors(page: Page): Promise<void> {
  await runCommand(page, 'View: Close All Editors');
  await page.locator('.part.editor .tab').first().waitFor({ state: 'hidden' });
}

export interface WebviewQuery {
  /** Text that the page shows. */
  contains?: string | RegExp;
  /** Or something in it, as a CSS selector. */
  selector?: string;
  timeout?: number;
}

function hasText(text: string, wanted: string | RegExp | undefined): boolean {
  return wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted ?? '');
}

/** The frames of webviews' own pages: main page > webview host > the extension's page. */
function innerFrames(page: Page): Frame[] {
  return page.frames().filter((frame) => !frame.isDetached() && frame.parentFrame()?.parentFrame());
}

/** Text of a frame, or undefined where it is still loading or gone. */
async function frameMatches(frame: Frame, query: WebviewQuery): Promise<string | undefined> {
  try {
    const owner = await frame.frameElement();
    if (!(await owner.isVisible())) return undefined;
    const selector = query.selector ?? 'body';
    return await frame.locator(selector).first().innerText({ timeout: 2000 });
  } catch {
    return undefined;
  }
}

/**
 * The inner frame of the visible webview that shows what `query` says. VS Code nests a webview's page two iframes
 * deep and replaces the inner one when the page is set anew: ask again after a reload or a re-created panel.
 */
export async function webviewFrame(page: Page, query: WebviewQuery): Promise<Frame> {
  const deadline = Date.now() + (query.timeout ?? patience);
  let seen: string[] = [];
  while (Date.now() < deadline) {
    seen = [];
    for (const frame of innerFrames(page)) {
      const text = await frameMatches(frame, query);
      if (text === undefined) continue;
      seen.push(text.slice(0, 300));
      if (hasText(text, query.contains)) return frame;
    }
    await sleep(100);
  }
  const wanted = `${query.selector ?? 'page'} with ${String(query.contains ?? 'anything')}`;
  throw new Error(`No visible webview shows ${wanted}; visible were: ${seen.join('\n---\n') || 'none'}`);
}

/** How a theme is called in the classes of the workbench and of a webview's body. */
const themeClasses: Record<Theme, { workbench: string; webview: string }> = {
  light: { workbench: 'vs', webview: 'vscode-light' },
  dark: { workbench: 'vs-dark', webview: 'vscode-dark' },
  'hc-dark': { workbench: 'hc-black', webview: 'vscode-high-contrast' },
  'hc-light': { workbench: 'hc-light', webview: 'vscode-high-contrast-light' },
};

/** Sets the colour theme while the window is open, and waits until the window and its webviews have it. */
export async function setTheme(page: Page, server: CodeServer, theme: Theme): Promise<void> {
  server.setSettings({ 'workbench.colorTheme': themeNames[theme] });
  const { workbench, webview } = themeClasses[theme];
  await page.locator(`.monaco-workbench.${workbench}`).waitFor();
  for (const frame of innerFrames(page)) {
    // A frame that goes away meanwhile (a hidden panel) needs no theme.
    const body = frame.locator(`body[data-vscode-theme-kind="${webview}"]`);
    await body.waitFor().catch((error: unknown) => {
      if (!frame.isDetached()) throw error;
    });
  }
}

/**
 * Whether the window has stored, for its next start, an editor that is described by `text`: a browser's window stores its
 * layout every few seconds only, and what it has not stored it cannot restore.
 */
export async function hasStoredEditor(page: Page, text: string): Promise<boolean> {
  return page.evaluate(async (wanted) => {
    const answer = <T>(request: IDBRequest<T>): Promise<T> => new Promise((done, failed) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error ?? new Error('IndexedDB'));
    });
    for (const { name } of await indexedDB.databases()) {
      if (!name?.startsWith('vscode-web-state-db')) continue;
      const database = await answer(indexedDB.open(name));
      try {
        for (const store of database.objectStoreNames) {
          const value = await answer<unknown>(database.transaction(store).objectStore(store).get('memento/workbench.parts.editor'));
          if (typeof value === 'string' && value.includes(wanted)) return true;
        }
      } finally {
        database.close();
      }
    }
    return false;
  }, text);
}

/** What is on the clipboard; the workbench copies through the browser's. */
export async function clipboardText(page: Page): Promise<string> {
  await page.bringToFront();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Writes `test-results/screenshots/<name>.png` of the window (or of one part) and returns its path. */
export async function screenshot(page: Page, name: string, part?: Locator): Promise<string> {
  mkdirSync(screenshotsDir, { recursive: true });
  const path = join(screenshotsDir, `${name.replace(/[^\w.-]+/g, '-')}.png`);
  await (part ?? page).screenshot({ path, animations: 'disabled' });
  return path;
}
