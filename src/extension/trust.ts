import { UserError } from '../core/errors.ts';

/**
 * Training runs a program that the settings may name on files that the config names, so it needs a trusted workspace.
 * The manifest says so too, but a command that is hidden can still be called.
 * @throws UserError with the reason if the workspace is not trusted
 */
export function requireTrust(isTrusted: boolean): void {
  if (isTrusted) return;
  throw new UserError(
    'Restricted Mode: UDI Lab does not train here, because training starts programs and reads files that the '
      + 'workspace names.',
    'Runs can be read. To train, trust this workspace.',
  );
}
