import type { Command } from './command.ts';

/** `UDI: Refresh Runs`: looks at all run folders again, where watching files does not work. */
export const refreshRuns: Command = ({ runs }) => runs.refresh();
