import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { oneLine } from '../../core/printable.ts';
import { plainText } from '../views/plainText.ts';
import type { Services } from '../services.ts';
import type { TrainerOutput } from '../launch/trainerLauncher.ts';
import { requireTrust } from '../trust.ts';
import type { Command } from './command.ts';
import { askDoctor } from './doctorReport.ts';

/** Backends that are parts of the extension. */
const EMBEDDED = ['wasm', 'cpu'];

/** `UDI: Install GPU Backend`: installs one with npm into the extension's storage, with npm's own words. */
export const installBackend: Command = async (services, given) => {
  requireTrust(vscode.workspace.isTrusted);
  const id = typeof given === 'string' ? given : await pick(services);
  if (id === undefined) return;
  const { code, stderr, stdout } = await install(services, id);
  if (code === null) return;
  if (code === 0) {
    const text = `Installed ${plainText(id)}. UDI: Doctor says whether it can be used here.`;
    const answer = await vscode.window.showInformationMessage(text, 'Run Doctor');
    if (answer) await vscode.commands.executeCommand('udi.doctor');
    return;
  }
  services.log.show(true);
  const words = oneLine(stderr.trim() || stdout.trim(), 600);
  throw new UserError(`${id} was not installed: ${words}`, 'All of it is in the output channel UDI.');
};

async function pick({ trainer }: Services): Promise<string | undefined> {
  const { backends } = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: 'UDI: examining backends' },
    () => askDoctor(trainer),
  );
  const items = backends.filter(({ id }) => !EMBEDDED.includes(id)).map(({ id, label, usable, reason, device }) => ({
    label: id,
    description: plainText(label),
    detail: plainText(oneLine(usable ? `works here${device ? ` on ${device}` : ''}` : reason ?? 'not installed', 200)),
  }));
  const question = { title: 'Install a backend', placeHolder: 'npm installs it' };
  const picked = await vscode.window.showQuickPick(items, question);
  return picked?.label;
}

function install({ trainer, log }: Services, id: string): Thenable<TrainerOutput> {
  return vscode.window.withProgress({
    location: vscode.ProgressLocation.Notification, title: `Installing ${plainText(id)}`, cancellable: true,
  }, (progress, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const onLine = (line: string) => {
      log.info(line);
      progress.report({ message: plainText(oneLine(line, 80)) });
    };
    return trainer.ask(['install-backend', id, '--into', trainer.backends], { onLine, signal: abort.signal });
  });
}
