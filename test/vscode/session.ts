/**
 * What a browser suite starts with: `const vs = session({ from: examplesDir })` in a `describe` gives its tests a VS
 * Code of their own (server, window, temporary workspace, the packaged extension) and cleans up after them. Starting
 * one takes half a second plus a few seconds for the window; the browser and the installed extension are shared. No test is
 * tried twice: what may be slow is waited for, and the rest is a fault.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { newWindow, openWorkbench, recordConsole, reloadWorkbench, screenshot } from './browser.ts';
import { readManifest, resultsDir, root } from './paths.ts';
import { startServer, type CodeServer, type ServerOptions } from './server.ts';
import { makeWorkspace, removeWorkspace, type WorkspaceOptions } from './workspace.ts';

/** What runBrowser.ts sets up once for all suites, on mocha's root context. */
export interface Shared {
  browser: Browser;
  /** The folder in which the packaged extension is installed. */
  extensionsDir: string;
}

const { publisher, name } = readManifest(root);
/** Id of the packaged extension. */
const extension = `${publisher}.${name}`;

declare module 'mocha' {
  interface Context {
    shared?: Shared;
  }
}

export interface SessionOptions extends ServerOptions, WorkspaceOptions {
  size?: { width: number; height: number };
}

export interface Session {
  browser: Browser;
  server: CodeServer;
  /** The browser's storage for this session: layout and open editors survive a reload or a new page. */
  context: BrowserContext;
  /** The window; `openWindow` replaces it. */
  page: Page;
  /** Path of the temporary workspace. */
  workspace: string;
  /** All that the windows wrote to their consoles. */
  console: string[];
}

/** Registers hooks in the enclosing `describe`; the result is filled in before its first test. */
export function session(options: SessionOptions = {}): Session {
  const vs = {} as Session;

  before('start VS Code', async function () {
    this.timeout(600_000);
    const { shared } = this;
    if (!shared) throw new Error('Browser suites run through: node test/vscode/runBrowser.ts');
    const server = await startServer({ extensionsDir: shared.extensionsDir, ...options });
    Object.assign(vs, { browser: shared.browser, server, workspace: makeWorkspace(options), console: [] });
    vs.context = await newWindow(vs.browser, options.size);
    await openWindow(vs);
  });

  afterEach('keep what helps', async function () {
    if (this.currentTest?.state !== 'failed' || !vs.page) return;
    await keepEvidence(vs, this.currentTest.fullTitle());
  });

  after('stop VS Code', async function () {
    this.timeout(120_000);
    await vs.context?.close();
    await vs.server?.stop();
    if (vs.workspace) removeWorkspace(vs.workspace);
  });

  return vs;
}

/** Opens one more window on the workspace, with the extension active, and makes it `vs.page`; close one with `page.close()`. */
export async function openWindow(vs: Session): Promise<Page> {
  vs.page = await vs.context.newPage();
  vs.console = recordConsole(vs.page, vs.console);
  await openWorkbench(vs.page, vs.server, vs.workspace, extension);
  return vs.page;
}

/** Reloads the window `vs.page` and waits until the extension is active again. */
export async function reloadWindow(vs: Session): Promise<void> {
  await reloadWorkbench(vs.page, vs.server, extension);
}

/** Screenshots of the windows and all logs, named after the failed test. */
async function keepEvidence(vs: Session, title: string): Promise<void> {
  const name = `failed-${title.replace(/[^\w.-]+/g, '-').slice(0, 100)}`;
  for (const [index, page] of vs.context.pages().entries()) {
    await screenshot(page, index === 0 ? name : `${name}-${index + 1}`).catch(() => undefined);
  }
  const folder = join(resultsDir, 'logs');
  mkdirSync(folder, { recursive: true });
  const parts = new Map([['console', vs.console.join('\n')], ['server', vs.server.output()], ...vs.server.logs()]);
  const text = [...parts].map(([part, log]) => `===== ${part}\n${log}`).join('\n');
  writeFileSync(join(folder, `${name}.log`), text);
}
