import type { Command } from './command.ts';

/** `UDI: Refresh Runs`: looks at all folders of runs and studies again, where watching files does not work. */
export const refreshRuns: Command = ({ runs, studies }) => {
  studies.refresh();
  runs.refresh();
};
