import type { Services } from '../services.ts';

/**
 * What a command does. Arguments are whatever the caller passes: a tree item and the selection, a run folder, the uri
 * of a config, nothing. What is thrown is shown to the user.
 */
export type Command = (services: Services, ...args: unknown[]) => unknown;
