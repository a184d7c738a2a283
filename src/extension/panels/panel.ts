import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { z } from 'zod';
import { errorText, UserError } from '../../core/errors.ts';
import type { PageMessage } from '../../core/pageMessage.ts';
import { Disposable } from '../disposable.ts';
import type { Log } from '../log.ts';
import { plainText } from '../views/plainText.ts';
import { throttle } from '../throttle.ts';

/** At most four states a second reach a page, unless its content says otherwise. */
const INTERVAL = 250;

/** What one kind of panel adds to the shared rest. */
export interface PanelContent<From> {
  /** File in `dist/webview` that draws the page. */
  readonly script: 'runPanel.js' | 'comparePanel.js' | 'studyPanel.js';
  /** Least time between two states, ms. */
  readonly interval?: number;
  readonly schema: z.ZodType<From>;
  /**
   * The message with the whole state, packed by `packState`; undefined if there is nothing to show any more. Unless the page wants
   * the `whole` state, what has changed since the last call is enough (`packChange`).
   */
  readonly state: (whole: boolean) => PageMessage | undefined;
  /** Whatever else than `ready` the page says. */
  readonly onMessage: (message: From) => Promise<void> | void;
  /** The panel was closed. */
  readonly onClose: () => void;
}

/**
 * One webview panel. The page says `ready` whenever it was (re)loaded and gets the whole state, then again at changes:
 * opening, re-opening and restoring are one path, and a hidden page need not be kept alive.
 */
export class Panel<From extends { type: string }> extends Disposable {
  #ready = false;
  /** Whether the page was loaded since the last message. */
  #fresh = true;
  readonly #post: () => void;

  constructor(
    readonly view: vscode.WebviewPanel,
    extension: vscode.Uri,
    log: Log,
    private readonly content: PanelContent<From>,
  ) {
    super();
    const files = vscode.Uri.joinPath(extension, 'dist', 'webview');
    view.iconPath = {
      light: vscode.Uri.joinPath(extension, 'media', 'panel-light.svg'),
      dark: vscode.Uri.joinPath(extension, 'media', 'panel-dark.svg'),
    };
    view.webview.options = { enableScripts: true, localResourceRoots: [files] };
    this.#post = this.register(throttle(content.interval ?? INTERVAL, () => {
      const message = this.#ready && view.visible ? this.content.state(this.#fresh) : undefined;
      if (message === undefined) return;
      this.#fresh = false;
      void view.webview.postMessage(message);
    }));
    this.register(view.onDidDispose(() => {
      this.dispose();
      content.onClose();
    }));
    // A page that is hidden is thrown away; it says `ready` again when it is back.
    this.register(view.onDidChangeViewState(() => {
      if (!view.visible) this.#ready = false;
    }));
    this.register(view.webview.onDidReceiveMessage((raw: unknown) => this.#receive(raw, log)));
    view.webview.html = pageOf(view.webview, files, content.script);
  }

  /** Sends the state anew, soon. */
  update(): void {
    this.#post();
  }

  async #receive(raw: unknown, log: Log): Promise<void> {
    const parsed = this.content.schema.safeParse(raw);
    if (!parsed.success) {
      log.warn(`Message of ${this.content.script} not understood: ${z.prettifyError(parsed.error)}`);
      return;
    }
    if (parsed.data.type === 'ready') {
      this.#ready = true;
      this.#fresh = true;
      this.update();
      return;
    }
    try {
      await this.content.onMessage(parsed.data);
    } catch (error) {
      log.error(error instanceof Error && !(error instanceof UserError) ? error : errorText(error));
      void vscode.window.showErrorMessage(plainText(errorText(error).replaceAll('\n', ' ')));
    }
  }
}

/** The page: no inline script or style, nothing from elsewhere; all that is shown comes by message, as text. */
function pageOf(webview: vscode.Webview, files: vscode.Uri, script: string): string {
  const nonce = randomBytes(16).toString('base64');
  const uri = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(files, name)).toString();
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${webview.cspSource}`,
    `img-src ${webview.cspSource} data:`,
    `font-src ${webview.cspSource}`,
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1.0">
<link rel="stylesheet" href="${uri('panel.css')}">
</head>
<body>
<main id="app"></main>
<script nonce="${nonce}" src="${uri(script)}"></script>
</body>
</html>`;
}
