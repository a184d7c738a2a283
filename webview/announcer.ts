import { element, setText } from './dom.ts';

/** At most one announcement in this time, so that a screen reader can finish the last one. */
const PAUSE = 5000;

/** A polite live region that says what is new, but seldom. */
export interface Announcer {
  readonly root: HTMLElement;
  /** Announces the text if it is new; of several within the pause, the last one. */
  say(text: string): void;
}

/** Creates the region; the first text is what the page shows when it opens and is not announced. */
export function createAnnouncer(): Announcer {
  const root = element('div', { class: 'visually-hidden', role: 'status', 'aria-live': 'polite' });
  let latest: string | undefined;
  let timer: number | undefined;
  let last = 0;
  return {
    root,
    say(text) {
      if (text === latest) return;
      const first = latest === undefined;
      latest = text;
      if (first || timer !== undefined) return;
      timer = window.setTimeout(
        () => {
          timer = undefined;
          last = Date.now();
          setText(root, latest ?? '');
        },
        Math.max(0, last + PAUSE - Date.now()),
      );
    },
  };
}
