import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { packState } from '../../src/core/pageMessage.ts';
import type { Browser, Page } from 'playwright-core';
import { patience } from '../vscode/browser.ts';
import { themes } from './themes.ts';

/** The repository. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The bundles by file name, built like those of the package. */
export type Bundles = Readonly<Record<string, string>>;

/** Bundles the pages. */
export async function buildPages(): Promise<Bundles> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['webview/runPanel.ts', 'webview/comparePanel.ts', 'webview/studyPanel.ts', 'webview/panel.css'],
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    outdir: 'dist/webview',
    write: false,
    logLevel: 'silent',
  });
  return Object.fromEntries(outputFiles.map((file) => [file.path.split('/').at(-1)!, file.text]));
}

/** A panel in a browser, with what the page has told the host. */
export interface PanelPage {
  readonly page: Page;
  /** Everything that must not happen: errors, console errors, refusals of the content security policy. */
  readonly problems: string[];
  /** Messages of the page. */
  sent(): Promise<{ type: string; [key: string]: unknown }[]>;
  /** What the page has stored with `setState`. */
  stored(): Promise<Record<string, unknown> | undefined>;
  /** Sends a state and waits until it is drawn. */
  post(view: unknown): Promise<void>;
  setTheme(theme: keyof typeof themes): Promise<void>;
}

/** What stands in for VS Code inside the page. */
interface FakeHost {
  sent: { type: string }[];
  state: unknown;
}

const ORIGIN = 'http://panel.test';
const NONCE = 'c29tZSBub25jZQ';
const POLICY = [
  "default-src 'none'",
  `script-src 'nonce-${NONCE}'`,
  `style-src ${ORIGIN}`,
  `img-src ${ORIGIN} data:`,
  `font-src ${ORIGIN}`,
].join('; ');
/** The part that matters of what VS Code adds to every webview. */
const DEFAULT_STYLES = `body { margin: 0; padding: 0 20px;
  background: var(--vscode-editor-background); color: var(--vscode-editor-foreground);
  font-family: var(--vscode-font-family); font-size: var(--vscode-font-size); font-weight: var(--vscode-font-weight) }`;

/** Opens a panel as VS Code does: the host's page, a theme, a state from an earlier time, and nothing else. */
export async function openPanel(
  browser: Browser,
  bundles: Bundles,
  script: 'runPanel.js' | 'comparePanel.js' | 'studyPanel.js',
  {
    theme = 'dark',
    width = 1000,
    height = 900,
    state,
  }: { theme?: keyof typeof themes; width?: number; height?: number; state?: unknown } = {},
): Promise<PanelPage> {
  const page = await browser.newPage({ viewport: { width, height } });
  page.setDefaultTimeout(patience);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  await page.route(`${ORIGIN}/**`, async (route) => {
    const file = new URL(route.request().url()).pathname.slice(1);
    if (file === '') return route.fulfill({ contentType: 'text/html', body: html(script) });
    if (file === 'default.css') return route.fulfill({ contentType: 'text/css', body: DEFAULT_STYLES });
    return route.fulfill({
      contentType: file.endsWith('.css') ? 'text/css' : 'text/javascript',
      body: bundles[file] ?? '',
    });
  });
  await page.addInitScript(
    ([stored, fixture]) => {
      const host: FakeHost = { sent: [], state: stored };
      let acquired = false;
      Object.assign(window, {
        fakeHost: host,
        acquireVsCodeApi: () => {
          if (acquired) throw new Error('acquireVsCodeApi was called twice');
          acquired = true;
          return {
            postMessage: (message: { type: string }) => void host.sent.push(message),
            getState: () => host.state,
            setState: (next: unknown) => {
              host.state = next;
            },
          };
        },
      });
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`CSP refused ${event.violatedDirective}: ${event.sample}`),
      );
      const paint = () => {
        for (const [name, value] of Object.entries(fixture!.variables))
          document.documentElement.style.setProperty(`--vscode-${name}`, value);
        if (document.body)
          Object.assign(document.body, { className: fixture!.classes }).dataset['vscodeThemeKind'] = fixture!.kind;
        return document.body !== null;
      };
      // VS Code has put the theme on the page before the scripts of the page run.
      const observer = new MutationObserver(() => {
        if (paint()) observer.disconnect();
      });
      observer.observe(document, { childList: true, subtree: true });
    },
    [state, themes[theme]] as const,
  );
  await page.goto(`${ORIGIN}/`);
  return {
    page,
    problems,
    sent: () => page.evaluate(() => (window as unknown as { fakeHost: FakeHost }).fakeHost.sent),
    stored: () =>
      page.evaluate(
        () => (window as unknown as { fakeHost: FakeHost }).fakeHost.state as Record<string, unknown> | undefined,
      ),
    post: (view) =>
      page.evaluate(async (data) => {
        window.postMessage(JSON.parse(data), '*');
        // Two frames: chart.js draws in the one after its canvas got a size.
        for (let frame = 0; frame < 3; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
      // VS Code sends messages as JSON, what `JSON.stringify` loses included.
      }, JSON.stringify(packState(view))),
    setTheme: (next) =>
      page.evaluate((fixture) => {
        const { style } = document.documentElement;
        for (const name of [...style]) style.removeProperty(name);
        for (const [name, value] of Object.entries(fixture.variables)) style.setProperty(`--vscode-${name}`, value);
        document.body.className = fixture.classes;
        document.body.dataset['vscodeThemeKind'] = fixture.kind;
      }, themes[next]),
  };
}

function html(script: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<link rel="stylesheet" href="${ORIGIN}/default.css">
<link rel="stylesheet" href="${ORIGIN}/panel.css">
</head>
<body><main id="app"></main><script nonce="${NONCE}" src="${ORIGIN}/${script}"></script></body>
</html>`;
}
