import { Emitter } from '../../src/extension/emitter.ts';

/** A webview panel as the window has restored it: what the host posts is kept in `posted`, and the test speaks for the page. */
export class FakePanel {
  readonly posted: unknown[] = [];
  readonly said = new Emitter<unknown>();
  readonly closed = new Emitter<void>();
  readonly active = true;
  readonly visible = true;
  isOpen = true;
  readonly onDidDispose = this.closed.event;
  readonly onDidChangeViewState = new Emitter<void>().event;
  readonly webview = {
    html: '',
    options: {},
    cspSource: 'fake:',
    asWebviewUri: (uri: unknown) => uri,
    onDidReceiveMessage: this.said.event,
    // The window sends JSON.
    postMessage: (message: unknown) => this.posted.push(JSON.parse(JSON.stringify(message))),
  };

  constructor(public title: string) {}

  /** The window has drawn the page. */
  ready(): void {
    this.said.fire({ type: 'ready' });
  }

  dispose(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.closed.fire();
  }
}

/** What panels use of VS Code besides the panel itself. */
export const fakeVscode = {
  Uri: { joinPath: (...parts: readonly unknown[]) => parts.join('/') },
  ViewColumn: { Active: -1, Beside: -2 },
  window: { registerWebviewPanelSerializer: () => ({ dispose: () => {} }) },
  workspace: { isTrusted: true, onDidGrantWorkspaceTrust: () => ({ dispose: () => {} }) },
};
