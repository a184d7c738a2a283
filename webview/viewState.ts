import type { Connection } from './connection.ts';

/** What the user chose on the page; it survives a hidden or reloaded panel. Never data of a run. */
export interface ViewState {
  /** Ids of the runs, or of the study, that the panel shows: for the host's serializer. */
  readonly runs: readonly string[];
  /** Ids of `<details>` elements whose open state differs from how they start. */
  readonly toggled: readonly string[];
  /** Hidden series by chart. */
  readonly hidden: Readonly<Record<string, readonly string[]>>;
  /** Chosen option by the id of its selector. */
  readonly choices: Readonly<Record<string, string>>;
  readonly scroll: number;
}

/** Holds the view state and writes every change through to VS Code. */
export interface ViewStore {
  readonly state: ViewState;
  change(part: Partial<ViewState>): void;
}

const initial: ViewState = { runs: [], toggled: [], hidden: {}, choices: {}, scroll: 0 };

/** Starts from what is stored, if another version of the page has not left something else there. */
export function createViewStore(connection: Pick<Connection<never>, 'stored' | 'store'>): ViewStore {
  const { stored } = connection;
  let state = isViewState(stored) ? stored : initial;
  return {
    get state() {
      return state;
    },
    change(part) {
      state = { ...state, ...part };
      connection.store(state);
    },
  };
}

/** Stores where the page is scrolled to, and returns there once, after the first state has been drawn. */
export function keepScroll(store: ViewStore): () => void {
  const target = store.state.scroll;
  let restored = false;
  let timer: number | undefined;
  window.addEventListener(
    'scroll',
    () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => store.change({ scroll: Math.round(window.scrollY) }), 200);
    },
    { passive: true },
  );
  return () => {
    if (restored) return;
    restored = true;
    window.scrollTo({ top: target });
  };
}

function isViewState(value: unknown): value is ViewState {
  if (typeof value !== 'object' || value === null) return false;
  const { runs, toggled, hidden, choices, scroll } = value as Partial<Record<keyof ViewState, unknown>>;
  return (
    Array.isArray(runs) &&
    Array.isArray(toggled) &&
    typeof hidden === 'object' &&
    hidden !== null &&
    typeof choices === 'object' &&
    choices !== null &&
    typeof scroll === 'number'
  );
}
