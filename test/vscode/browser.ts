/**
 * Drives a VS Code window in a real browser, the way a person would: palette, pickers, notifications, webviews,
 * themes, screenshots. Every function waits for what it needs and fails with what it was waiting for.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium, type Browser, type BrowserContext, type Frame, type Locator, type Page } from 'playwright-core';
import { installBrowser } from './install.ts';
import { screenshotsDir } from './paths.ts';
import { themeNames, type CodeServer, type Theme } from './server.ts';

const flags = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync',
  // No test depends on the network: the window may talk to the server here and to nothing else.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

/** Two helpers and a browser share two cores here, so waiting is generous; a passing test never waits that long. */
export const patience = 30_000;

/** Starts the machine's Chromium or Chrome. `UDI_BROWSER` names another, `UDI_BROWSER_ARGS` adds flags to it. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = installBrowser();
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

/** Opens VS Code on `folder` and waits until the workbench is drawn. */
export async function openWorkbench(page: Page, server: CodeServer, folder: string): Promise<void> {
  await page.goto(`${server.url}/?folder=${encodeURIComponent(folder)}`);
  await workbenchReady(page);
}

/** Reloads the window, as `Developer: Reload Window` does. */
export async function reloadWorkbench(page: Page): Promise<void> {
  await page.reload();
  await workbenchReady(page);
}

/** Waits until the workbench is drawn in its theme, which comes when the extensions are known. */
export async function workbenchReady(page: Page): Promise<void> {
  await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 2 * patience });
  await page.locator('.monaco-workbench[class*="vscode-theme-"]').waitFor({ timeout: 2 * patience });
}

const picker = (page: Page): Locator => page.locator('.quick-input-widget:visible');
const pickerRows = (page: Page): Locator => picker(page).locator('.monaco-list-row');

/** The row whose label is exactly `label` (icons aside). */
function pickerRow(page: Page, label: string): Locator {
  const escaped = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const name = page.locator('.label-name', { hasText: new RegExp(`^\\s*${escaped}\\s*$`) });
  return pickerRows(page).filter({ has: name }).first();
}

/** The command palette's input, open on `text`. */
async function openPalette(page: Page, text: string): Promise<void> {
  const input = picker(page).locator('input.input');
  await page.keyboard.press('F1');
  await input.waitFor({ timeout: 3000 });
  await input.fill(`>${text}`);
}

/**
 * Runs a command as it is titled in the palette, e.g. `runCommand(page, 'UDI: Train')`. Tries again until it is there:
 * an extension that has just been installed or a `when` clause may need a moment.
 */
export async function runCommand(page: Page, title: string, timeout = patience): Promise<void> {
  const deadline = Date.now() + timeout;
  for (;;) {
    try {
      await openPalette(page, title);
      await pickerRow(page, title).waitFor({ timeout: 1000 });
      await pickerRow(page, title).click({ timeout: 2000 });
      return;
    } catch (error) {
      const seen = await pickerRows(page).allInnerTexts().catch(() => []);
      await page.keyboard.press('Escape');
      if (Date.now() < deadline) continue;
      throw new Error(`No command '${title}' in the palette, only: ${seen.join(' | ')}`, { cause: error });
    }
  }
}

/** Whether the palette offers a command with exactly this title now. */
export async function hasCommand(page: Page, title: string): Promise<boolean> {
  await openPalette(page, title);
  await pickerRows(page).first().waitFor();
  await sleep(300);
  const found = (await pickerRow(page, title).count()) > 0;
  await page.keyboard.press('Escape');
  return found;
}

/** Waits for an open quick pick and chooses the entry labelled `label`. */
export async function quickPick(page: Page, label: string): Promise<void> {
  await pickerRows(page).first().waitFor();
  // A long list has rows only for what is in view; what is not is found by typing, as a person would.
  if ((await pickerRow(page, label).count()) === 0) await picker(page).locator('input.input').fill(label);
  await pickerRow(page, label).click();
}

/** The labels in view in an open quick pick. */
export async function quickPickLabels(page: Page): Promise<string[]> {
  await pickerRows(page).first().waitFor();
  return (await pickerRows(page).locator('.label-name').allInnerTexts()).map((label) => label.trim());
}

/** Waits for an input box (the same widget as the quick pick), types `text` and confirms. */
export async function answerInput(page: Page, text: string): Promise<void> {
  const input = picker(page).locator('input.input');
  await input.waitFor();
  await input.fill(text);
  await page.keyboard.press('Enter');
}

/** Waits for a notification that contains `text`; click a button of it with `pressIn(it, 'Open')`. */
export async function notification(page: Page, text: string | RegExp, timeout = patience): Promise<Locator> {
  const toast = page.locator('.notifications-toasts .notification-list-item', { hasText: text }).first();
  await toast.waitFor({ timeout });
  return toast;
}

/** Waits for a modal dialog that contains `text`. */
export async function dialog(page: Page, text: string | RegExp): Promise<Locator> {
  const box = page.locator('.monaco-dialog-box', { hasText: text }).first();
  await box.waitFor();
  return box;
}

/** Presses the button called exactly `label` in a notification or dialog. */
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
}

/** The row of a tree view (or list) that contains `text`. */
export function treeRow(page: Page, text: string | RegExp): Locator {
  return page.locator('.part.sidebar .monaco-list-row', { hasText: text }).first();
}

/** Opens a file of the workspace by name through Quick Open. */
export async function openFile(page: Page, name: string): Promise<void> {
  await page.keyboard.press('ControlOrMeta+P');
  await picker(page).locator('input.input').fill(name);
  await pickerRow(page, name).click();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
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
    return await frame.locator(selector).first().innerText({ timeout: 500 });
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
    await body.waitFor({ timeout: 5000 }).catch((error: unknown) => {
      if (!frame.isDetached()) throw error;
    });
  }
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
