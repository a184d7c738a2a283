import 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test was skipped; test/all.ts lists it at its end. */
    skipped?: string;
  }
}

/** Options of a test or suite: skipped, for that reason, if there is an `obstacle`; else run. */
export function skipFor(obstacle: string | undefined): { skip?: boolean; meta?: { skipped: string } } {
  return obstacle === undefined ? {} : { skip: true, meta: { skipped: obstacle } };
}
