import { UserError } from '../core/errors.ts';

/** Thrown instead of training in a workspace that is not trusted. */
export class RestrictedModeError extends UserError {
  constructor() {
    super(
      'Restricted Mode: training is off, because it starts programs and reads files that this workspace names.',
      'Runs can be read and compared. To train, trust this workspace.',
    );
  }
}

/**
 * Training needs a trusted workspace. The manifest says so too, but a command that is hidden can still be called.
 * @throws RestrictedModeError with the reason if the workspace is not trusted
 */
export function requireTrust(isTrusted: boolean): void {
  if (!isTrusted) throw new RestrictedModeError();
}
