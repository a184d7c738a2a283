import { unpackState } from '../src/core/pageMessage.ts';

/** What an earlier instance of this panel has stored, and the way to the extension host. */
export interface Connection<Out> {
  post(message: Out): void;
  readonly stored: unknown;
  store(state: unknown): void;
}

/**
 * Opens the line to the extension host: calls `acquireVsCodeApi`, which works only once per page, listens for states
 * and says `ready`. Only the host posts messages to a webview, packed by `packState`, so what is in them has the contract's type.
 */
export function connect<View, Out extends { type: string }>(
  ready: Out,
  create: (connection: Connection<Out>) => (view: View) => void,
): void {
  const api = acquireVsCodeApi<unknown>();
  const connection: Connection<Out> = {
    post: (message) => api.postMessage(message),
    stored: api.getState(),
    store: (state) => void api.setState(state),
  };
  const draw = create(connection);
  let latest: unknown;
  window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    const view = unpackState(data, latest);
    if (view === undefined) return;
    latest = view;
    draw(view as View);
  });
  connection.post(ready);
}
