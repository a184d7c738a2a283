import * as vscode from 'vscode';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { jsonAnswer } from '../launch/jsonAnswer.ts';
import { plainText } from '../views/plainText.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';
import type { Command } from './command.ts';

const answerSchema = z.object({ entries: z.int(), bytes: z.number() });

/** `UDI: Clear Stage Cache`: removes the trained stages that runs share, after saying how much they take. */
export const clearStageCache: Command = async (services) => {
  requireTrust(vscode.workspace.isTrusted);
  const root = await chooseRoot(services);
  if (root === undefined) return;
  const size = await askCache(services, root, 'show');
  if (size.entries === 0) throw new UserError('The stage cache is empty.');
  const detail = `It holds ${sizeText(size)}. Runs keep their results; what they shared is trained anew when it is needed again.`;
  if (!(await vscode.window.showWarningMessage('Clear the stage cache?', { modal: true, detail }, 'Clear'))) return;
  const removed = await askCache(services, root, 'clear');
  void vscode.window.showInformationMessage(`Removed ${sizeText(removed)} from the stage cache.`);
};

type Answer = z.infer<typeof answerSchema>;

/** What `udi cache` says in the folder that holds `.udi`. */
async function askCache({ trainer }: Services, cwd: string, action: 'show' | 'clear'): Promise<Answer> {
  const output = await trainer.ask(['cache', action, '--json'], { cwd });
  return jsonAnswer(output, answerSchema, `The stage cache could not be ${action === 'clear' ? 'cleared' : 'read'}`);
}

/** `3 stages, 4.2 MiB` */
function sizeText({ entries, bytes }: Answer): string {
  return `${entries} ${entries === 1 ? 'stage' : 'stages'}, ${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

async function chooseRoot({ runs }: Services): Promise<string | undefined> {
  const [first, ...more] = runs.roots;
  if (first === undefined) throw new UserError('There is no folder whose stage cache could be cleared.', 'Open one first.');
  if (more.length === 0) return first;
  const items = [first, ...more].map((root) => ({ label: plainText(root), root }));
  return (await vscode.window.showQuickPick(items, { title: 'Clear the stage cache', placeHolder: 'Folder' }))?.root;
}
